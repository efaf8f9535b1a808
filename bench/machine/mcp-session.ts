const HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

/** Opens an MCP session over HTTP. Answers its id, or null where the server gives none. */
export async function openSession(url: string): Promise<string | null> {
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1.0.0' },
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const answer = await fetch(url, { method: 'POST', headers: HEADERS, body });
  await answer.text();
  if (!answer.ok) throw new Error(`${url} answered \`initialize\` with ${answer.status}`);
  const id = answer.headers.get('mcp-session-id');
  const session = id === null ? {} : { 'Mcp-Session-Id': id };
  const initialized = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
  await (await fetch(url, { method: 'POST', headers: { ...HEADERS, ...session }, body: initialized })).text();
  return id;
}

/** So many sessions, one after the other; empty where the server gives no ids. */
export async function openSessions(url: string, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const id = await openSession(url);
    if (id !== null) ids.push(id);
  }
  return ids;
}

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort, type Listening, type Servers } from './servers.ts';

/**
 * An upstream that costs next to nothing: nginx from the PATH, else unpacked, not installed, from Debian's package.
 * null where neither can be had.
 */
export async function nginxUpstream(servers: Servers, body: string): Promise<Listening | null> {
  const nginx = find(servers.folder);
  if (nginx === null) return null;
  const port = await freePort();
  const config = servers.file('nginx.conf', configOf(servers.folder, port, body));
  const started = await servers.started(
    [nginx, '-e', 'stderr', '-p', servers.folder, '-c', config],
    /nginx\/[\d.]+/,
  );
  return { ...started, url: `http://127.0.0.1:${port}` };
}

function find(folder: string): string | null {
  if (spawnSync('nginx', ['-v']).status === 0) return 'nginx';
  try {
    execFileSync('apt-get', ['download', 'nginx'], { cwd: folder, stdio: 'ignore' });
    execFileSync('sh', ['-c', 'dpkg -x nginx_*.deb nginx'], { cwd: folder, stdio: 'ignore' });
    const unpacked = join(folder, 'nginx/usr/sbin/nginx');
    return spawnSync(unpacked, ['-v']).status === 0 ? unpacked : null;
  } catch {
    return null;
  }
}

function configOf(folder: string, port: number, body: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  return `daemon off; master_process off; error_log stderr notice; pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off; default_type application/json; keepalive_requests 1000000000; keepalive_timeout 65s;
  ${temporary.join(' ')}
  server { listen 127.0.0.1:${port}; location / { return 200 '${body.replaceAll('\\', '\\\\')}'; } }
}
`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { Exchange } from '../../../src/adapters/upstream/exchange.ts';
import type { Reply } from '../../../src/model/index.ts';
import { get, http, never, post, upstream } from './servers.ts';

describe('cancelling', () => {
  const cancelled = (reached: boolean): Reply => ({
    got: 'nothing',
    reached,
    fault: 'cancelled',
    why: 'the call was cancelled',
  });

  it('before it was sent: it never is', async () => {
    let asked = 0;
    const port = await http((_, response) => {
      asked++;
      response.end();
    });
    expect(await upstream(port).send(post, AbortSignal.abort())).toEqual(cancelled(false));
    const stop = new AbortController();
    const sent = upstream(port).send(post, stop.signal);
    stop.abort();
    expect(await sent).toEqual(cancelled(false));
    await sleep(50);
    expect(asked).toBe(0);
  });

  it('while FusionAuth works on it, which sees the connection end', async () => {
    const stop = new AbortController();
    let gone = false;
    const port = await http((_, response) => {
      response.on('close', () => {
        gone = true;
      });
      stop.abort();
    });
    expect(await upstream(port).send(post, stop.signal)).toEqual(cancelled(true));
    await expect.poll(() => gone).toBe(true);
  });

  it('within the answer', async () => {
    const stop = new AbortController();
    const port = await http((_, response) => {
      response.writeHead(200).write('{"a":');
      setTimeout(() => stop.abort(), 30);
    });
    expect(await upstream(port).send(post, stop.signal)).toEqual(cancelled(true));
  });

  it('after the answer changes nothing, and leaves no listener behind', async () => {
    const port = await http((_, response) => response.end('{}'));
    const stop = new AbortController();
    let listeners = 0;
    const add = stop.signal.addEventListener.bind(stop.signal);
    const remove = stop.signal.removeEventListener.bind(stop.signal);
    stop.signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    stop.signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    expect(await upstream(port).send(get, stop.signal)).toMatchObject({ got: 'result' });
    expect(listeners).toBe(0);
    stop.abort();
  });
});

describe('an exchange', () => {
  const bounds = { connectTimeoutMs: 100, responseTimeoutMs: 1_000, maxBytes: 100 };
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => {},
    pause: () => {},
    resume: () => {},
  };

  it('is refused a second start, which would send the request twice', async () => {
    const starts: unknown[] = [];
    const dispatcher = {
      dispatch(_: unknown, handler: Exchange) {
        handler.onRequestStart(controller);
        try {
          handler.onRequestStart(controller);
        } catch (error) {
          starts.push(error);
          handler.onResponseError(controller, error as Error);
        }
        return true;
      },
    } as unknown as Dispatcher;
    const answer = await new Exchange(bounds).run(dispatcher, { method: 'POST', path: '/' }, never);
    expect(starts).toHaveLength(1);
    expect(answer).toMatchObject({ complete: false, reply: { reached: true, fault: 'broken' } });
  });
});

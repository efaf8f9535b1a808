import { Writable } from 'node:stream';

import { expect, test } from 'vitest';
import { cancel, open, write } from './stdio-pipes.ts';
import { call, INITIALIZE, until } from './support.ts';

test('close resolves while a client does not read', async () => {
  const stuck = new Writable({ highWaterMark: 1, write() {} });
  const { input, gate, close } = open(stuck);
  write(input, INITIALIZE);
  await new Promise((resolve) => setTimeout(resolve, 20));
  write(input, call(1, 'echo'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(gate.calls.length).toBe(0);
  stuck.destroy();
  await close();
});

test('an output that breaks ends the door, after its calls have ended', async () => {
  const broken = new Writable({
    write(_chunk, _encoding, callback) {
      callback(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    },
  });
  const { gate, input, done } = open(broken);
  write(input, INITIALIZE, call(1, 'slow'));
  await until(() => broken.destroyed, 'the broken pipe');
  gate.release();
  await done;
  expect(gate.ended.length).toBe(gate.calls.length);
});

test('an output that breaks without closing, as stdout does, ends the door', async () => {
  const broken = new Writable({
    autoDestroy: false,
    emitClose: false,
    write: (_chunk, _encoding, callback) => callback(new Error('EPIPE')),
  });
  const { input, done } = open(broken);
  write(input, INITIALIZE);
  await until(() => broken.errored !== null, 'the broken pipe');
  write(input, call(1, 'echo'));
  await done;
});

test('done waits until the last answer was taken', async () => {
  const taken: string[] = [];
  const slow = new Writable({
    highWaterMark: 1_000_000,
    write(chunk, _encoding, callback) {
      taken.push(String(chunk));
      setTimeout(callback, 20);
    },
  });
  const { input, done } = open(slow);
  write(input, INITIALIZE, call(1, 'echo'), call(2, 'echo'));
  input.end();
  await done;
  expect(taken.filter((chunk) => chunk !== '').length).toBe(3);
});

test('a client that does not read is not read from: memory stays bounded', async () => {
  const taken: string[] = [];
  let isReading = false;
  const waiting: (() => void)[] = [];
  const slow = new Writable({
    highWaterMark: 1024,
    write(chunk, _encoding, callback) {
      taken.push(String(chunk));
      if (isReading) callback();
      else waiting.push(callback);
    },
  });
  const { gate, input, done } = open(slow);
  write(input, INITIALIZE);
  const total = 5000;
  for (let i = 0; i < total; i++) write(input, call(i, 'echo', { arguments: { a: 'x'.repeat(1000) } }));
  input.end();
  await until(() => gate.calls.length > 0 || waiting.length > 0, 'the first frames');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(gate.calls.length).toBeLessThanOrEqual(1000);
  isReading = true;
  for (const resume of waiting) resume();
  await done;
  expect(gate.calls.length).toBe(total);
  expect(taken.join('').trim().split('\n').length).toBe(total + 1);
});

test('past 1,000 calls on their way no more are read', async () => {
  const { gate, input, output, done } = open();
  output.on('data', () => {});
  write(input, INITIALIZE);
  for (let i = 0; i < 1500; i++) write(input, call(i, 'slow'));
  await until(() => gate.calls.length >= 1000, 'the calls');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(gate.calls.length).toBe(1000);
  write(input, cancel(0));
  gate.release();
  await until(() => gate.calls.length === 1500, 'the other calls');
  gate.release();
  input.end();
  await done;
  expect(gate.ended.length).toBe(1500);
});

test('what comes of one input is written together, sixteen frames at most', async () => {
  const written: number[] = [];
  const output = new Writable({
    highWaterMark: 1_000_000,
    write: (_chunk, _encoding, callback) => {
      written.push(1);
      callback();
    },
    writev: (chunks, callback) => {
      written.push(chunks.length);
      callback();
    },
  });
  const { input, done } = open(output);
  input.end('nonsense\n'.repeat(20));
  await done;
  expect(written).toEqual([16, 4]);
});

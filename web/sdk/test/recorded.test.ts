import { expect, test } from 'vitest';
import { recordedMessages } from '../src/recorded.ts';

const item = (more: object) => ({ at: 1500, seq: 7, from: 'ann', nick: 'Ann', avatar: '', level: 3, body: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'hello' } }], ...more });

test('an answer becomes messages as the room had them', () => {
  const [one, ...others] = recordedMessages({ items: [item({})], next: null }, 'demo');
  expect(others).toEqual([]);
  expect(one?.at).toBe(1500);
  expect(one?.message).toMatchObject({ from: 'ann', nick: 'Ann', level: 3, sequence: 7, flow: 'in', conversationID: 'GROUPdemo', payload: { text: 'hello' } });
});

test('what has another shape is left out', () => {
  const answers = [null, 5, {}, { items: 'x' }, { items: [null, 7, [], { at: 1 }, item({ at: -1 }), item({ from: 5 }), item({ body: 'x' })] }];
  for (const answer of answers) expect(recordedMessages(answer, 'demo')).toEqual([]);
});

test('nothing in it becomes an event', () => {
  expect(recordedMessages({ items: [item({ type: 'event', event: 'kick' })] }, 'demo')).toHaveLength(1);
});

import { groupMessage } from './message.ts';
import type { RecordedMessage } from './types.ts';
import { list, number, object, parseMessages } from './wire.ts';

/**
 * The messages of an answer of a recording's chat (docs/recording.md), in its order: when each comes, in ms of the time that playing
 * the recording takes, and the message as the room had it. What has another shape is left out.
 */
export function recordedMessages(answer: unknown, groupID: string): RecordedMessage[] {
  return list(object(answer).items).flatMap((item) => {
    const [wire] = parseMessages([{ ...object(item), type: 'message' }]);
    const at = number(object(item).at);
    return wire && at >= 0 ? [{ at, message: groupMessage(wire, groupID, '') }] : [];
  });
}

// What the modules export, wherever they run.
import { EVENT, TYPES, VERSION } from './constants.ts';
import { create } from './create.ts';
import { ChatError } from './error.ts';
import { drawTold, giftResult, sessionSummary } from './news.ts';
import { recordedMessages } from './recorded.ts';
import { liveStatus, newerStatus } from './status.ts';

export type * from './types.ts';
export { Chat } from './chat.ts';
export { EVENT, TYPES, VERSION } from './constants.ts';
export { create } from './create.ts';
export { ChatError } from './error.ts';
export { drawTold, giftResult, sessionSummary } from './news.ts';
export { recordedMessages } from './recorded.ts';
export { liveStatus, newerStatus } from './status.ts';

/** The namespace as Tencent's packages export it by default: create, EVENT, TYPES, VERSION; and what is ours. */
export const TencentCloudChat = { create, EVENT, TYPES, VERSION, ChatError, liveStatus, newerStatus, giftResult, drawTold, sessionSummary, recordedMessages };
export { TencentCloudChat as TIM };
export default TencentCloudChat;

import { browser } from './dom.ts';
import { setBase } from './environment.ts';
import { TencentCloudChat } from './namespace.ts';

setBase(browser(import.meta.url));

export type * from './types.ts';
export { Chat } from './chat.ts';
export { EVENT, TYPES, VERSION } from './constants.ts';
export { create } from './create.ts';
export { ChatError } from './error.ts';
export { liveStatus, newerStatus } from './status.ts';
export { TencentCloudChat, TencentCloudChat as TIM };
export default TencentCloudChat;

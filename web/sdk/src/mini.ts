// The entry for mini-programs, in one file of its own: no import.meta, no document, syntax that their older engines know.
import { setBase } from './environment.ts';
import { TencentCloudChat } from './namespace.ts';
import { wxEnvironment, type Wx } from './wx.ts';

declare const wx: Partial<Wx> | undefined;
declare const uni: Partial<Wx> | undefined;

const host = [typeof wx === 'undefined' ? null : wx, typeof uni === 'undefined' ? null : uni].find((h) => typeof h?.connectSocket === 'function');
if (host) setBase(wxEnvironment(host as Wx));

export type * from './types.ts';
export { Chat } from './chat.ts';
export { EVENT, TYPES, VERSION } from './constants.ts';
export { create } from './create.ts';
export { ChatError } from './error.ts';
export { liveStatus, newerStatus } from './status.ts';
export { wxEnvironment, wxSocket, type Wx } from './wx.ts';
export { TencentCloudChat, TencentCloudChat as TIM };
export default TencentCloudChat;

// The entry for mini-programs, in one file of its own: no import.meta, no document, syntax that their older engines know.
import { setBase } from './environment.ts';
import { wxEnvironment, type Wx } from './wx.ts';

declare const wx: Partial<Wx> | undefined;
declare const uni: Partial<Wx> | undefined;

const host = [typeof wx === 'undefined' ? null : wx, typeof uni === 'undefined' ? null : uni].find((h) => typeof h?.connectSocket === 'function');
if (host) setBase(wxEnvironment(host as Wx));

export * from './namespace.ts';
export { default } from './namespace.ts';
export { wxEnvironment, wxSocket, type Wx } from './wx.ts';

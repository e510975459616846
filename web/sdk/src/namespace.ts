import { EVENT, TYPES, VERSION } from './constants.ts';
import { create } from './create.ts';
import { ChatError } from './error.ts';
import { liveStatus, newerStatus } from './status.ts';

/** The namespace as Tencent's packages export it by default: create, EVENT, TYPES, VERSION; and what is ours. */
export const TencentCloudChat = { create, EVENT, TYPES, VERSION, ChatError, liveStatus, newerStatus };

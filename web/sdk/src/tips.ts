// Group tips and system notices: messages that the SDK makes of what the server tells.
import { TYPES } from './constants.ts';
import { blank, conversationID, nobody } from './message.ts';
import type { Message, UserInfo } from './types.ts';

/** What a tip says, with Tencent's names. */
export interface TipPayload {
  operationType: number;
  groupJoinType?: number;
  operatorInfo?: UserInfo;
  userIDList?: string[];
  memberList?: TipMember[];
  newGroupProfile?: Record<string, unknown>;
  memberCount?: number;
}

export interface TipMember {
  userID: string;
  nick?: string;
  avatar?: string;
  muteTime?: number; // seconds
  duration?: number; // seconds
  reason?: string;
  role?: string;
}

let made = 0;

/** A tip in a group. */
export function tip(groupID: string, groupProfile: unknown, time: number, payload: TipPayload): Message {
  const operator = payload.operatorInfo ?? nobody();
  const memberList = payload.memberList ?? [];
  return blank({
    ID: `tip-${groupID}-${time}-${++made}`, type: TYPES.MSG_GRP_TIP, conversationType: TYPES.CONV_GROUP,
    conversationID: conversationID(TYPES.CONV_GROUP, groupID), to: groupID, from: operator.userID || '@TIM#SYSTEM', time, clientTime: time,
    nick: operator.nick, avatar: operator.avatar,
    payload: {
      groupJoinType: 0, operatorID: operator.userID, operatorInfo: operator, userIDList: memberList.map((m) => m.userID), newGroupProfile: {},
      groupProfile, ...payload, memberList,
      msgMemberInfo: memberList.map((m) => ({ ...m, shutupTime: m.muteTime ?? 0 })), // their older names
    },
  });
}

export const NOTICE = { KICKED: 4, DISMISSED: 5, LEFT: 8, BANNED: 21, CUSTOM: 255 } as const;

/** A system notice about a group, to this user alone or to all. */
export function notice(groupProfile: { groupID: string }, time: number, operationType: number, more: Record<string, unknown> = {}): Message {
  return blank({
    ID: `notice-${groupProfile.groupID}-${time}-${++made}`, type: TYPES.MSG_GRP_SYS_NOTICE, conversationType: TYPES.CONV_SYSTEM,
    conversationID: TYPES.CONV_SYSTEM, to: groupProfile.groupID, from: '@TIM#SYSTEM', time, clientTime: time,
    payload: { operationType, operatorID: '', groupProfile, handleMessage: '', messageRemindType: '', userDefinedField: '', ...more },
  });
}

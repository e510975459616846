import { TYPES } from './constants.ts';
import type { Group, GroupField, GroupMember, Profile, RoomSettings } from './types.ts';
import { isObject, number, seconds, strings, text, type Json } from './wire.ts';

export const fieldList = (fields: Record<string, string>): GroupField[] => Object.entries(fields).map(([key, value]) => ({ key, value }));

export interface GroupFacts {
  groupID: string;
  name: string;
  owner: string;
  notice: string;
  introduction: string;
  avatar: string;
  fields: Record<string, string>;
  muteAll: boolean;
  slowMode: number;
  createdAt: number;
  members: number;
}

/** What the server says of a group that need not be joined. */
export function groupFacts(group: Json): GroupFacts {
  return {
    groupID: text(group.id) || text(group.group), name: text(group.name), owner: text(group.owner), notice: text(group.notice),
    introduction: text(group.introduction), avatar: text(group.avatar), fields: strings(group.fields), muteAll: group.muteAll === true,
    slowMode: number(group.slowMode), createdAt: seconds(group.createdAt), members: number(group.members),
  };
}

/** A group as pages know it. */
export function groupOf(facts: GroupFacts, self: { userID: string; role: string; joinTime: number }): Group {
  return {
    groupID: facts.groupID, name: facts.name, avatar: facts.avatar, type: TYPES.GRP_AVCHATROOM, introduction: facts.introduction,
    notification: facts.notice, ownerID: facts.owner, createTime: facts.createdAt, infoSequence: 0, lastInfoTime: 0,
    selfInfo: { ...self, messageRemindType: TYPES.MSG_REMIND_ACPT_AND_NOTE, nameCard: '', userCustomField: [] },
    lastMessage: {}, nextMessageSeq: 0, memberCount: facts.members, memberNum: facts.members, maxMemberCount: 0, maxMemberNum: 0,
    muteAllMembers: facts.muteAll, joinOption: TYPES.JOIN_OPTIONS_FREE_ACCESS, inviteOption: TYPES.INVITE_OPTIONS_DISABLE_INVITE,
    groupCustomField: fieldList(facts.fields), isSupportTopic: false, slowMode: facts.slowMode,
  };
}

export const noSettings: RoomSettings = { introduction: '', avatar: '', muteAll: false, slowMode: 0, guestsSpeak: false, uploads: 'members' };

export function roomSettings(value: unknown): RoomSettings {
  if (!isObject(value)) return { ...noSettings };
  return {
    introduction: text(value.introduction), avatar: text(value.avatar), muteAll: value.muteAll === true, slowMode: number(value.slowMode),
    guestsSpeak: value.guestsSpeak === true, uploads: text(value.uploads) || noSettings.uploads,
  };
}

export function memberOf(value: Json): GroupMember {
  return {
    userID: text(value.user), nick: text(value.nick), avatar: text(value.avatar), role: text(value.role) || TYPES.GRP_MBR_ROLE_MEMBER,
    joinTime: seconds(value.joinTime), nameCard: '', muteUntil: number(value.mutedUntil), memberCustomField: [],
    level: number(value.level), badge: text(value.badge),
  };
}

/** A profile as pages know it; fields the server does not keep are at rest. */
export function profileOf(value: Json): Profile {
  return {
    userID: text(value.user) || text(value.userId), nick: text(value.nick), avatar: text(value.avatar),
    gender: text(value.gender) || TYPES.GENDER_UNKNOWN, birthday: number(value.birthday), location: text(value.location),
    selfSignature: text(value.selfSignature), allowType: text(value.allowType) || TYPES.ALLOW_TYPE_ALLOW_ANY, language: number(value.language),
    messageSettings: number(value.messageSettings), adminForbidType: text(value.adminForbidType) || TYPES.FORBID_TYPE_NONE,
    level: number(value.level), role: number(value.role), lastUpdatedTime: seconds(value.updatedAt), profileCustomField: [],
  };
}

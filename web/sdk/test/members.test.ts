import { describe, expect, test } from 'vitest';
import { EVENT, TYPES } from '../src/constants.ts';
import { FOREVER } from '../src/wire.ts';
import { codes, during, inRoom, loggedIn, pass, refused, text, world } from './helper.ts';

const w = world();
const groupID = 'demo';

describe('the member list', () => {
  test('pages by offset; 0 is the end', async () => {
    const { chat } = await inRoom(w.server);
    w.server.also.members = { members: [{ user: 'alice', nick: 'Alice', avatar: 'a', joinTime: 1_790_000_000 }, { user: 'anna', role: 'Owner', joinTime: 1_789_000_000 }], next: 'cursor' };
    const first = (await during(chat.getGroupMemberList({ groupID, count: 2 }))).data;
    expect(first).toMatchObject({ memberList: [{ userID: 'alice', nick: 'Alice', avatar: 'a', role: 'Member', joinTime: 1_790_000_000, muteUntil: 0 }, { userID: 'anna', role: 'Owner' }], offset: 2 });
    w.server.also.members = { members: [{ user: 'bob' }], next: '' };
    expect((await during(chat.getGroupMemberList({ groupID, count: 2, offset: 2 }))).data).toMatchObject({ memberList: [{ userID: 'bob' }], offset: 0 });
    expect(w.server.asked('members').map(({ limit, next }) => [limit, next])).toEqual([[2, undefined], [2, 'cursor']]);
    expect((await during(chat.getGroupMemberList({ groupID, offset: 99 }))).data).toEqual({ memberList: [], offset: 0 }); // a page nobody gave
  });

  test('15 by default, 100 at most; by role; once in 3 s', async () => {
    const { chat } = await inRoom(w.server);
    w.server.also.members = { members: [{ user: 'alice' }, { user: 'anna', role: 'Owner' }] };
    expect((await during(chat.getGroupMemberList({ groupID, role: 'Owner' }))).data.memberList.map((m) => m.userID)).toEqual(['anna']);
    expect(await refused(chat.getGroupMemberList({ groupID }))).toMatchObject({ code: 2996, data: { nextAt: expect.any(Number) } });
    await pass(3000);
    await during(chat.getGroupMemberList({ groupID, count: 1000 }));
    expect(w.server.asked('members').map((f) => f.limit)).toEqual([15, 100]);
  });

  test('of a group one is not in: empty, no error', async () => {
    const { chat } = await loggedIn(w.server);
    expect((await during(chat.getGroupMemberList({ groupID }))).data).toEqual({ memberList: [], offset: 0 });
  });

  test('getGroupMemberProfile', async () => {
    const { chat } = await inRoom(w.server);
    w.server.also.getProfiles = { profiles: [{ user: 'bob', nick: 'Bob', avatar: 'b' }] };
    expect((await during(chat.getGroupMemberProfile({ groupID, userIDList: ['bob'] }))).data.memberList).toMatchObject([{ userID: 'bob', nick: 'Bob' }]);
  });
});

describe('moderation', () => {
  test('setGroupMemberMuteTime: seconds, 0 ends it, 4294967295 is for ever', async () => {
    const { chat } = await inRoom(w.server, 'anna');
    const until = Math.floor(Date.now() / 1000) + 60;
    expect((await during(chat.setGroupMemberMuteTime({ groupID, userID: 'bob', muteTime: 60 }))).data).toMatchObject({ group: { groupID }, member: { userID: 'bob', muteUntil: until } });
    expect((await during(chat.setGroupMemberMuteTime({ groupID, userID: 'bob', muteTime: FOREVER }))).data.member.muteUntil).toBe(FOREVER);
    expect((await during(chat.setGroupMemberMuteTime({ groupID, userID: 'bob', muteTime: 0 }))).data.member.muteUntil).toBe(0);
    w.server.also.mute = { until: 1_900_000_000 };
    expect((await during(chat.setGroupMemberMuteTime({ groupID, userID: 'bob', muteTime: 5 }))).data.member.muteUntil).toBe(1_900_000_000);
    expect(w.server.asked('mute').map(({ user, seconds }) => [user, seconds])).toEqual([['bob', 60], ['bob', FOREVER], ['bob', 0], ['bob', 5]]);
    expect(await codes([chat.setGroupMemberMuteTime({ groupID, userID: 'anna', muteTime: 5 }), chat.setGroupMemberMuteTime({ groupID, userID: 'bob', muteTime: 'x' as never })])).toEqual([2685, 2905]);
  });

  test('deleteGroupMember is a ban: a duration is needed', async () => {
    const { chat } = await inRoom(w.server, 'anna');
    expect((await during(chat.deleteGroupMember({ groupID, userIDList: ['bob'], duration: 60, reason: 'spam' }))).data).toMatchObject({ group: { groupID }, userIDList: ['bob'] });
    expect(w.server.asked('ban')).toEqual([expect.objectContaining({ users: ['bob'], seconds: 60, reason: 'spam' })]);
    for (const duration of [undefined, 0, -5, 'x']) expect((await refused(chat.deleteGroupMember({ groupID, userIDList: ['bob'], duration: duration as never }))).code).toBe(2686);
  });

  test('setGroupMemberRole: Admin or Member, of others', async () => {
    const { chat } = await inRoom(w.server, 'anna');
    expect((await during(chat.setGroupMemberRole({ groupID, userID: 'bob', role: TYPES.GRP_MBR_ROLE_ADMIN }))).data).toMatchObject({ member: { userID: 'bob', role: 'Admin' } });
    expect(await codes([chat.setGroupMemberRole({ groupID, userID: 'bob', role: 'Owner' }), chat.setGroupMemberRole({ groupID, userID: 'anna', role: 'Admin' })])).toEqual([2683, 2684]);
  });

  test('ours: kick, unban, who is muted, who is banned', async () => {
    const { chat } = await inRoom(w.server, 'anna');
    expect((await during(chat.kickGroupMember({ groupID, userIDList: ['bob'], reason: 'r' }))).data).toEqual({ userIDList: ['bob'] });
    expect((await during(chat.unbanGroupMember({ groupID, userIDList: ['bob'] }))).data).toEqual({ userIDList: ['bob'] });
    expect([w.server.asked('kick')[0], w.server.asked('unban')[0]]).toMatchObject([{ users: ['bob'], reason: 'r' }, { users: ['bob'] }]);
    w.server.also.mutes = { mutes: [{ user: 'bob', until: 5, by: 'anna', reason: 'r' }] };
    w.server.also.bans = { bans: [{ user: 'cleo', until: 6, by: 'anna', reason: '' }], next: 'more' };
    expect((await during(chat.getGroupMuteList(groupID))).data).toEqual({ memberList: [{ userID: 'bob', muteUntil: 5, by: 'anna', reason: 'r' }] });
    expect((await during(chat.getGroupBanList({ groupID, next: 'here' }))).data).toEqual({ memberList: [{ userID: 'cleo', bannedUntil: 6, by: 'anna', reason: '' }], next: 'more' });
    expect(w.server.asked('bans')[0]).toMatchObject({ next: 'here' });
  });

  test('who may not keeps the server\'s 10007; not in the group is 2623', async () => {
    const { chat } = await inRoom(w.server);
    w.server.refuse = { mute: { code: 10007 }, ban: { code: 10007 }, kick: { code: 10007 }, setRole: { code: 10007 } };
    const acts = (groupID: string) => [
      chat.setGroupMemberMuteTime({ groupID, userID: 'bob', muteTime: 5 }), chat.deleteGroupMember({ groupID, userIDList: ['bob'], duration: 5 }),
      chat.kickGroupMember({ groupID, userIDList: ['bob'] }), chat.setGroupMemberRole({ groupID, userID: 'bob', role: 'Admin' }),
    ];
    expect(await codes(acts('demo'))).toEqual([10007, 10007, 10007, 10007]);
    expect(await codes(acts('other'))).toEqual([2623, 2623, 2623, 2623]);
  });
});

describe('profiles', () => {
  test('getMyProfile and getUserProfile', async () => {
    const { chat } = await loggedIn(w.server);
    expect((await during(chat.getMyProfile())).data).toEqual({
      userID: 'alice', nick: 'Alice', avatar: 'https://a/alice.png', gender: 'Gender_Type_Unknown', birthday: 0, location: '', selfSignature: '',
      allowType: 'AllowType_Type_AllowAny', language: 0, messageSettings: 0, adminForbidType: 'AdminForbid_Type_None', level: 0, role: 0, lastUpdatedTime: 0,
      profileCustomField: [],
    });
    w.server.also.getProfiles = { profiles: [{ user: 'bob', nick: 'Bob', gender: 'Gender_Type_Male', level: 3 }] };
    expect((await during(chat.getUserProfile({ userIDList: ['bob', 'nobody'] }))).data).toMatchObject([{ userID: 'bob', nick: 'Bob', gender: 'Gender_Type_Male', level: 3 }]);
    expect((await during(chat.getUserProfile({ userIDList: [] }))).data).toEqual([]);
  });

  test('updateMyProfile: PROFILE_UPDATED once, whole, and messages carry it from now on', async () => {
    const { chat, of } = await inRoom(w.server);
    const { data } = await during(chat.updateMyProfile({ nick: 'Al', gender: TYPES.GENDER_FEMALE }));
    expect(data).toMatchObject({ userID: 'alice', nick: 'Al', avatar: 'https://a/alice.png', gender: 'Gender_Type_Female' });
    w.server.batch('demo', { type: 'event', event: 'member', version: 0, data: { user: 'alice', nick: 'Al', avatar: 'https://a/alice.png' } });
    expect(of(EVENT.PROFILE_UPDATED)).toEqual([[data]]);
    expect(chat.createTextMessage(text('hi')).nick).toBe('Al');
    expect(w.server.asked('setProfile')).toEqual([expect.objectContaining({ nick: 'Al', gender: 'Gender_Type_Female' })]);
  });

  test('nothing to update: 2721; an unknown field: 2722; a forbidden nick keeps the server\'s number', async () => {
    const { chat, of } = await loggedIn(w.server);
    expect(await codes([chat.updateMyProfile({}), chat.updateMyProfile(undefined as never), chat.updateMyProfile({ shoeSize: 44 } as never)])).toEqual([2721, 2721, 2722]);
    w.server.refuse.setProfile = { code: 80001, error: 'blocked_text', field: 'nick' };
    expect(await refused(chat.updateMyProfile({ nick: 'admin' }))).toMatchObject({ code: 80001, data: { field: 'nick' } });
    expect(of(EVENT.PROFILE_UPDATED)).toEqual([]);
  });

  test('a nick changed elsewhere while the line was down', async () => {
    const { chat, of } = await inRoom(w.server);
    w.server.users.set('alice', { nick: 'Al', avatar: 'https://a/alice.png' });
    w.server.cut();
    await pass(2000);
    expect(of(EVENT.PROFILE_UPDATED)).toMatchObject([[{ userID: 'alice', nick: 'Al' }]]);
    expect(chat.createTextMessage(text('hi')).nick).toBe('Al');
  });
});

import { ChatError, CODE } from './error.ts';
import type { Message, Result } from './types.ts';

// Methods of Tencent's SDK for what a live room does not have. Those that would change something are refused with the number that SDK
// uses for it; those that only look find nothing, so that a page that calls them on its way goes on.

const REFUSED = {
  modifyMessage: CODE.NO_MODIFY, deleteMessage: 10035, changeGroupOwner: CODE.NO_OWNER_CHANGE, addGroupMember: CODE.NO_INVITATION,
  setGroupMemberNameCard: CODE.NOT_IN_AVCHATROOM, setGroupMemberCustomField: CODE.NOT_IN_AVCHATROOM, markGroupMemberList: CODE.NOT_ENABLED,
  handleGroupApplication: CODE.NO_MODULE, getGroupApplicationList: CODE.NO_MODULE, sendMessageReadReceipt: CODE.NO_MODULE,
  getMessageReadReceiptList: CODE.NO_MODULE, getGroupMessageReadMemberList: CODE.NO_MODULE, findMessage: CODE.NO_MODULE,
  getConversationProfile: CODE.NO_CONVERSATION, pinConversation: CODE.NO_CONVERSATION, deleteConversation: CODE.NO_CONVERSATION,
  clearHistoryMessage: CODE.NO_MODULE, setMessageRemindType: CODE.NO_MODULE, setConversationCustomData: CODE.NO_MODULE,
  markConversation: CODE.NO_MODULE, addToBlacklist: CODE.NO_MODULE, removeFromBlacklist: CODE.NO_MODULE, addFriend: CODE.NO_MODULE,
  deleteFriend: CODE.NO_MODULE, checkFriend: CODE.NO_MODULE, updateFriend: CODE.NO_MODULE, acceptFriendApplication: CODE.NO_MODULE,
  refuseFriendApplication: CODE.NO_MODULE, deleteFriendApplication: CODE.NO_MODULE, createFriendGroup: CODE.NO_MODULE,
  deleteFriendGroup: CODE.NO_MODULE, getUserStatus: CODE.NO_MODULE, setSelfStatus: CODE.NO_MODULE, subscribeUserStatus: CODE.NO_MODULE,
  unsubscribeUserStatus: CODE.NO_MODULE, createTopicInCommunity: CODE.NO_MODULE, deleteTopicFromCommunity: CODE.NO_MODULE,
  updateTopicProfile: CODE.NO_MODULE, getTopicList: CODE.NO_MODULE, getJoinedCommunityList: CODE.NO_MODULE, setMessageExtensions: CODE.NO_MODULE,
  getMessageExtensions: CODE.NO_MODULE, deleteMessageExtensions: CODE.NO_MODULE, translateText: CODE.NO_MODULE,
  convertVoiceToText: CODE.NO_MODULE, searchCloudMessages: CODE.NO_MODULE, searchCloudUsers: CODE.NO_MODULE, searchCloudGroups: CODE.NO_MODULE,
  addMessageReaction: CODE.NO_MODULE, removeMessageReaction: CODE.NO_MODULE, getMessageReactions: CODE.NO_MODULE,
  getAllUserListOfMessageReaction: CODE.NO_MODULE, pinGroupMessage: CODE.NO_MODULE, getPinnedGroupMessageList: CODE.NO_MODULE,
  getMutualFollowersList: CODE.NO_MODULE, getUserFollowInfo: CODE.NO_MODULE, checkFollowType: CODE.NO_MODULE,
  downloadMergedMessages: CODE.NO_MODULE, downloadMergeMessage: CODE.NO_MODULE, callExperimentalAPI: CODE.NO_MODULE,
} as const satisfies Record<string, number>;

const history = () => ({ messageList: [] as Message[], nextReqMessageID: '', isCompleted: true });

const EMPTY = {
  getMessageList: history,
  getMessageListHopping: () => ({ ...history(), nextMessageTime: 0, nextMessageSeq: 0 }),
  getConversationList: () => ({ conversationList: [], isSyncCompleted: true }),
  getTotalUnreadMessageCount: () => 0,
  setMessageRead: () => ({}),
  setAllMessageRead: () => ({}),
  getBlacklist: () => [],
  getFriendList: () => [],
  getFriendProfile: () => ({ friendList: [], failureUserIDList: [] }),
  getFriendGroupList: () => [],
  getFriendApplicationList: () => ({ friendApplicationList: [], unreadCount: 0 }),
  setFriendApplicationRead: () => ({}),
} as const satisfies Record<string, () => unknown>;

type Refused = { [K in keyof typeof REFUSED]: (...args: unknown[]) => Promise<never> };
type Empty = { [K in Exclude<keyof typeof EMPTY, 'getTotalUnreadMessageCount'>]: (...args: unknown[]) => Promise<Result<ReturnType<(typeof EMPTY)[K]>>> };

export interface Unsupported extends Refused, Empty {
  getTotalUnreadMessageCount(): number;
}

/** Gives a class these methods. getTotalUnreadMessageCount answers at once, the others by a promise; all need a login (2999). */
export function addUnsupported(prototype: object, ready: (self: object) => void): void {
  const add = (name: string, value: (this: object) => unknown) => Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  for (const [name, code] of Object.entries(REFUSED)) {
    add(name, async function () {
      ready(this);
      throw new ChatError(code, `${name} does not exist in a live room`);
    });
  }
  for (const [name, answer] of Object.entries(EMPTY)) {
    add(name, name === 'getTotalUnreadMessageCount' ? answer : async function (): Promise<Result<unknown>> {
      ready(this);
      return { code: 0, data: answer() };
    });
  }
}

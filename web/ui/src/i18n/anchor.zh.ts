import type { en } from './anchor.en.ts';

export const zh: Record<keyof typeof en, string> = {
  title: '主播控制台',
  signin_title: '主播登录',
  signin_text: '打开您收到的一次性链接，或用用户名和 UserSig 登录。',
};

import type { en } from './admin.en.ts';

export const zh: Record<keyof typeof en, string> = {
  title: '管理控制台',
  signin_title: '管理员登录',
  signin_text: '打开服务器启动时打印的链接，或用 API 令牌登录。',
};

// For pages without modules: <script src="https://live.example.com/sdk/liveroom.global.js"></script>
import { browser, currentScript } from './dom.ts';
import { setBase } from './environment.ts';
import { TencentCloudChat } from './namespace.ts';

setBase(browser(currentScript()));

Object.assign(globalThis, { TIM: TencentCloudChat, TencentCloudChat, LiveroomChat: TencentCloudChat });

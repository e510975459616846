import { browser } from './dom.ts';
import { setBase } from './environment.ts';

setBase(browser(import.meta.url));

export * from './namespace.ts';
export { default } from './namespace.ts';

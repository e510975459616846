import { loadLanguage } from '../../src/i18n/index.ts';

// Both languages are there: tests change between them at once.
await Promise.all([loadLanguage('en'), loadLanguage('zh')]);

import { make } from './page.js'; export function data() { return { node: make('p', {}, 'coming'), enter() {} }; }

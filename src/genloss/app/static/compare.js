import { make } from './page.js'; export function compare() { return { node: make('p', {}, 'coming'), enter() {} }; }

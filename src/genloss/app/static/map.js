import { make } from './page.js'; export function map() { return { node: make('p', {}, 'coming'), enter() {} }; }

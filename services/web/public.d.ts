/**
 * For the type check of public/*.js (tsconfig.public.json): what a selector finds, and what an event is about, is as the
 * script expects it. The pages decide that, and test/browser looks.
 */

// biome-ignore lint/suspicious/noExplicitAny: the type of an element is in the page's HTML
type Expected = any;

interface ParentNode {
  querySelector(selectors: string): Expected;
  querySelectorAll(selectors: string): NodeListOf<Expected>;
}
interface Element {
  closest(selectors: string): Expected;
}
interface Document {
  addEventListener(type: string, listener: (event: Expected) => void): void;
}

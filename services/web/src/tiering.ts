import { setFlagsFromString } from 'node:v8';

/*
 * When V8 compiles what. Imported first, so that it holds for all that follows.
 *
 * A request runs through a lot of code once. By default, V8 interprets it for the first hundreds of requests, and then
 * optimizes it function by function for thousands more, on threads that take the processors from the request and its
 * database: that made the slowest 1 % of the requests. Compiled simply when it is first run, and optimized only when it
 * is hot: 25 % off the 99th percentile of reading one check (`npm run bench -- api`). The price: code that is hot from the
 * first request on, as that of badges, is slow for longer; with four times this budget they have half of their rate
 * (`npm run bench -- badges`).
 */
setFlagsFromString('--always-sparkplug');
setFlagsFromString('--interrupt-budget=528000'); // bytes of bytecode that a function runs through; default 67,584

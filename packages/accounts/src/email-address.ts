import { z } from 'zod';

/** An account's address: valid, at most 254 characters, lower case (accounts.md SU-4). */
export const emailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .min(1, 'Enter an e-mail address.')
  .max(254, 'This e-mail address is too long.')
  // The usual shape; also `root@localhost`, as machines without a domain have it.
  .regex(/^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/, {
    message: 'Enter a valid e-mail address.',
  });

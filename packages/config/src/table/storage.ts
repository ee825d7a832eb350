/** Object storage for ping bodies: configuration.md section 6. Parsed and kept; bodies stay in PostgreSQL for now. */
import { LATER, setting } from '../setting.ts';
import { bool, intOrNone, optionalText } from '../values/basic.ts';

export const storage = {
  S3_BUCKET: setting(optionalText(), null, { description: 'Bucket for ping bodies over 100 bytes.', ...LATER }),
  S3_ENDPOINT: setting(optionalText(), null, { description: 'Host, without scheme.', ...LATER }),
  S3_REGION: setting(optionalText(), null, { description: 'Region.', ...LATER }),
  S3_ACCESS_KEY: setting(optionalText(), null, { description: 'Access key.', ...LATER }),
  S3_SECRET_KEY: setting(optionalText(), null, { description: 'Secret key.', secret: true, ...LATER }),
  S3_TIMEOUT: setting(intOrNone('no time-out'), 60, { description: 'Seconds an operation may take.', ...LATER }),
  S3_SECURE: setting(bool(), true, { description: 'TLS.', ...LATER }),
};

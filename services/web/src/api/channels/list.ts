import { z } from 'zod';
import type { KeyedOperation } from '../http/endpoint.ts';
import { json } from '../http/reply.ts';

/** M-65; the compatible list, with nothing but what clients of the original know. */
export const listChannels: KeyedOperation = {
  id: 'listChannels',
  summary: 'List the integrations of the project',
  key: 'rw',
  responses: {
    200: {
      description: 'The integrations, oldest first.',
      schema: z.strictObject({
        channels: z.array(
          z.strictObject({ id: z.string(), name: z.string(), kind: z.string() }).meta({ id: 'ChannelListItem' }),
        ),
      }),
    },
  },
  async handle({ deps, project }) {
    const channels = await deps.database.sql`
      select code as id, name, kind from channels where project_id = ${project.id} order by channels.id`;
    return json({ channels: [...channels] });
  },
};

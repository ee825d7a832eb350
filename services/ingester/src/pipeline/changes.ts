import type { Changes } from '@overdue/pings';
import type { LookUps } from './look-ups.ts';
import type { Stages } from './stages.ts';

/** What is forgotten when others change something: whatever was remembered of it, and windows of the throttle. */
export function changesTo(
  { cache, memory, provisioner }: Pick<LookUps, 'cache' | 'memory' | 'provisioner'>,
  { throttle, watermark }: Pick<Stages, 'throttle' | 'watermark'>,
): Changes {
  return {
    reset() {
      cache.clear();
      memory.clear();
      provisioner.forget();
      throttle.endAll();
    },
    check(code) {
      const id = cache.changed(code);
      // There may be room for another.
      provisioner.forget();
      if (id === undefined) return;
      memory.forget(id);
      throttle.end(id);
    },
    project() {
      cache.forgetSlugs();
      provisioner.forget();
    },
    asked: () => void watermark.beat(),
    pinged(ids) {
      if (ids) for (const id of ids) throttle.end(id);
      else throttle.endAll();
    },
  };
}

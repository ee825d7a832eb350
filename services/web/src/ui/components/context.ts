import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Visit } from '../../http/visit.ts';

/** Every component may ask who is visiting, for the prefix of links and the token of forms. */
export const VisitContext = createContext<Visit | null>(null);

/** The request that is answered, for components below {@link VisitContext}. */
export function useVisit(): Visit {
  const visit = useContext(VisitContext);
  if (!visit) throw new Error('Rendered outside of a page.');
  return visit;
}

export interface Note {
  id: string;
  title: string;
}

/** Returns a note with a clean title; throws a RangeError if it has none. */
export function readNote(id: string, body: string | undefined): Note {
  const title = String(JSON.parse(body ?? '{}').title ?? '').trim();
  if (title === '') throw new RangeError('a note needs a title');
  return { id, title };
}

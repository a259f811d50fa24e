import { askForFactor } from './step-up-store.ts'

/** `fetch` that asks for the second factor when the server wants a fresh one, and then repeats the request. */
export async function steppingFetch(request: Request): Promise<Response> {
  const again = request.clone()
  const answer = await fetch(request)
  const isWanted = answer.status === 403 && answer.headers.get('x-dragonfly-problem') === 'step-up-required'
  if (!isWanted) return answer
  await askForFactor()
  return fetch(again)
}

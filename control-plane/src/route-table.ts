import { TrieRouter } from 'hono/router/trie-router'
import type { DeclaredRoute } from './access.ts'
import { pickTargets, type Targets } from './features/audit/subject.ts'

/** Finds the declared route of a request, and the ids in its path. */
export function createRouteTable(routes: readonly DeclaredRoute[]) {
  const router = new TrieRouter<DeclaredRoute>()
  for (const route of routes) {
    router.add(route.method.toUpperCase(), route.path.replaceAll(/\{(.+?)\}/g, ':$1'), route)
  }
  return (method: string, path: string): { route: DeclaredRoute; targets: Targets } | null => {
    const [match] = router.match(method === 'HEAD' ? 'GET' : method, path)[0]
    return match ? { route: match[0], targets: pickTargets(match[1]) } : null
  }
}

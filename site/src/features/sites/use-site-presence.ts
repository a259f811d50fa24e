import { useQuery } from '@tanstack/react-query'
import { edgesQuery } from '../../api/queries.ts'
import { type SitePresence, sitePresence } from './site-presence.ts'

export function useSitePresence(siteId: string): SitePresence | null {
  const { data } = useQuery(edgesQuery)
  return sitePresence(siteId, data)
}

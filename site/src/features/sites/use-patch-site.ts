import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import type { Site } from '../../api/views.ts'
import { showToast } from '../../components/toast-store.ts'

type SitePatch = Partial<Pick<Site, 'minimumSafety' | 'deploymentsAtOnce' | 'imageCacheGib'>>

/** Changes a site's settings, and says so. */
export function usePatchSite(site: Site) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: SitePatch) =>
      take(api.PATCH('/api/v1/sites/{siteId}', { params: { path: { siteId: site.siteId } }, body })),
    onSuccess: () => showToast({ text: `${site.name} is changed.` }),
    onError: (error) => showToast({ text: error.message, tone: 'failed' }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: keys.sites }),
  })
}

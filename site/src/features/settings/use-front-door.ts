import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import type { paths } from '../../api/openapi.d.ts'
import { keys } from '../../api/queries.ts'

type Patch = NonNullable<paths['/api/v1/front-door']['patch']['requestBody']>['content']['application/json']

/** Changes the front door, and shows what the server made of it. */
export function useFrontDoorChange(onDone?: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (patch: Patch) => take(api.PATCH('/api/v1/front-door', { body: patch })),
    onSuccess: async (frontDoor) => {
      queryClient.setQueryData(keys.frontDoor, frontDoor)
      await queryClient.invalidateQueries({ queryKey: keys.setup })
      onDone?.()
    },
  })
}

import { imageCatalogue, publishersByAddress } from '@dragonfly/schema/state'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, take } from '../../api/client.ts'
import { imagesQuery, keys } from '../../api/queries.ts'
import { Button } from '../../components/button.tsx'
import { ProblemNote } from '../../components/problem-note.tsx'
import { showToast } from '../../components/toast-store.ts'

/** Images by name: the server asks their vendor for the newest build and its checksum. */
export function ImageCatalogue() {
  const queryClient = useQueryClient()
  const { data: images } = useQuery(imagesQuery)
  const adding = useMutation({
    mutationFn: (catalogueId: string) =>
      take(api.POST('/api/v1/image-catalogue/{catalogueId}/import', { params: { path: { catalogueId } } })),
    onSuccess: async (image) => {
      showToast({ text: `${image.name}: every edge imports and verifies it now.` })
      await queryClient.invalidateQueries({ queryKey: keys.images })
    },
  })
  const here = new Set(images?.map(({ name }) => name))
  const missing = imageCatalogue.filter(({ name }) => !here.has(name))
  return (
    <section aria-label="Catalogue" className="max-w-2xl">
      {missing.length > 0 && (
        <ul className="divide-y divide-line border-y border-line">
          {missing.map(({ id, name, folder }) => (
            <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2.5">
              <span className="grow">
                <span className="block font-semibold">{name}</span>
                <span className="block text-[0.9rem] text-ink-faint">from {new URL(folder).host}</span>
              </span>
              <Button
                may="images"
                aria-label={`Import ${name}`}
                busy={adding.isPending && adding.variables === id}
                onClick={() => adding.mutate(id)}
              >
                Import
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ProblemNote error={adding.error} />
      <p className="mt-3 text-[0.95rem] text-ink-faint">
        {new Intl.ListFormat('en-GB').format(publishersByAddress)} publish qcow2 images, which edges read as
        they are: import one by its address and checksum.
      </p>
    </section>
  )
}

import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { paths } from '../../app/paths.ts'
import { Icon } from '../../components/icons.tsx'
import { Sentence } from '../../components/sentence.tsx'
import type { SetupStep } from './setup-steps.ts'

const linkLook =
  'touchable inline-flex items-center rounded-md border border-control/60 px-4 py-1.5 text-touch hover:border-touch hover:bg-hover'

const links: Record<SetupStep['id'], ReactNode> = {
  bundle: null,
  edge: (
    <Link to={paths.sites} search={{ do: 'enrol' }} className={linkLook}>
      Add an edge
    </Link>
  ),
  interface: (
    <Link to={paths.sites} className={linkLook}>
      Choose an interface
    </Link>
  ),
  image: (
    <Link to={paths.images} search={{ do: 'import' }} className={linkLook}>
      Import image
    </Link>
  ),
  machine: null,
}

/** What happens next, for those who have just arrived. Leaves by itself when all is done. */
export function NextSteps({ steps }: { steps: readonly SetupStep[] }) {
  if (steps.length === 0) return null
  const next = steps.find((step) => !step.done && step.id !== 'bundle')
  return (
    <section aria-label="What happens next" className="mb-9">
      <h2 className="text-2xl font-light tracking-tight">What happens next</h2>
      <ol className="mt-3 divide-y divide-line border-y border-line">
        {steps.map((step) => (
          <li key={step.id} className="flex flex-wrap items-center gap-x-5 gap-y-2 py-3.5">
            <StepMark step={step} isNext={step === next} />
            <div className={`min-w-0 grow basis-80 ${step.done ? 'text-ink-faint' : ''}`}>
              <h3 className={`text-lg font-semibold ${step.id === 'bundle' ? 'text-wanted' : ''}`}>
                {step.title}
                {step.done && <span className="sr-only"> (done)</span>}
              </h3>
              {!step.done && (
                <p className="max-w-2xl text-ink-soft">
                  <Sentence text={step.sentence} />
                </p>
              )}
            </div>
            {!step.done && links[step.id]}
          </li>
        ))}
      </ol>
    </section>
  )
}

function StepMark({ step, isNext }: { step: SetupStep; isNext: boolean }) {
  if (step.done) return <Icon name="check" size={22} className="text-alive" />
  const colour = step.id === 'bundle' ? 'border-wanted' : isNext ? 'border-touch bg-touch/20' : 'border-line'
  return <span aria-hidden="true" className={`mx-[3px] size-4 shrink-0 rounded-full border-2 ${colour}`} />
}

/** A problem, on a whole tab or above what was loaded before it. */

import { Alert, Button, EmptyState, ErrorState, Flex, Text } from "@hubspot/ui-extensions";

import { isDisconnected, type Problem } from "./outcome.ts";
import { traceOf, wordsFor } from "./words.ts";

/** A problem that leaves nothing else to show. */
export function ProblemPage({ problem, onRetry }: { readonly problem: Problem; readonly onRetry: () => void }) {
  const { title, advice } = wordsFor(problem);
  const body = (
    <Flex direction="column" gap="small">
      <Text>{advice}</Text>
      <Trace problem={problem} />
      <Button size="sm" onClick={onRetry}>
        Try again
      </Button>
    </Flex>
  );
  if (isDisconnected(problem)) {
    return (
      <EmptyState title={title} layout="vertical" imageName="lock" imageWidth={80} flush>
        {body}
      </EmptyState>
    );
  }
  return <ErrorState title={title}>{body}</ErrorState>;
}

/** A problem while something older can still be shown. */
export function ProblemAlert({ problem, shown }: { readonly problem: Problem; readonly shown: string }) {
  const { title, advice } = wordsFor(problem);
  return (
    <Alert title={title} variant="warning">
      {`${advice} Shown as of ${shown}.`}
    </Alert>
  );
}

/** What support asks for. */
export function Trace({ problem }: { readonly problem: Problem }) {
  const trace = traceOf(problem);
  return trace === "" ? null : <Text variant="microcopy">{trace}</Text>;
}

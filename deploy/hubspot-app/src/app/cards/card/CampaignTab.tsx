/** What the project's campaign did today; Chert may not tell. */

import {
  DescriptionList,
  DescriptionListItem,
  EmptyState,
  Flex,
  List,
  LoadingSpinner,
  ProgressBar,
  StatusTag,
  Text,
} from "@hubspot/ui-extensions";
import { useEffect, useState } from "react";

import type { Api } from "./api.ts";
import type { Campaign } from "./answers.ts";
import type { Outcome } from "./outcome.ts";
import { ProblemPage } from "./ProblemNotice.tsx";
import type { Times } from "./times.ts";

type Available = Extract<Campaign, { available: true }>;

/** The third tab; it asks when it is opened. */
export function CampaignTab({ api, times }: { readonly api: Api; readonly times: Times }) {
  const [outcome, setOutcome] = useState<Outcome<Campaign> | null>(null);
  const [asked, setAsked] = useState(1);
  useEffect(() => {
    let shown = true;
    void api.campaign().then((answer) => {
      if (shown) {
        setOutcome(answer);
      }
    });
    return () => {
      shown = false;
    };
  }, [api, asked]);
  const askAgain = () => {
    setOutcome(null);
    setAsked(asked + 1);
  };
  if (outcome === null) {
    return <LoadingSpinner label="Loading the campaign" showLabel layout="centered" />;
  }
  if (outcome.kind !== "answer") {
    return <ProblemPage problem={outcome} onRetry={askAgain} />;
  }
  return outcome.value.available ? <Today campaign={outcome.value} times={times} /> : <NotAvailable />;
}

function NotAvailable() {
  return (
    <EmptyState title="Not available" layout="vertical" imageName="emptyStateCharts" imageWidth={80} flush>
      <Text>Chert does not share campaign figures for this project.</Text>
    </EmptyState>
  );
}

function Today({ campaign, times }: { readonly campaign: Available; readonly times: Times }) {
  return (
    <Flex direction="column" gap="small">
      <Count sent={campaign.sent_today} cap={campaign.daily_cap} />
      {campaign.window !== null && <SendingWindow window={campaign.window} />}
      <Text format={{ fontWeight: "demibold" }}>Recent activity</Text>
      {campaign.recent.length === 0 ? (
        <Text>Nothing yet.</Text>
      ) : (
        <List>
          {campaign.recent.map((one, index) => (
            <Text key={index}>{`${times.moment(one.at)}: ${one.words}`}</Text>
          ))}
        </List>
      )}
    </Flex>
  );
}

function Count({ sent, cap }: { readonly sent: number | null; readonly cap: number | null }) {
  if (sent === null) {
    return <Text>Today’s count is not available.</Text>;
  }
  if (cap === null) {
    return <Text>{`${sent} first messages today.`}</Text>;
  }
  const reached = sent >= cap;
  return (
    <Flex direction="column" gap="extra-small">
      <ProgressBar
        title="First messages today"
        value={Math.min(sent, cap)}
        maxValue={Math.max(cap, 1)}
        valueDescription={`${sent} of ${cap}`}
        variant={reached ? "warning" : "success"}
      />
      {reached && <StatusTag variant="warning">Daily cap reached</StatusTag>}
    </Flex>
  );
}

function SendingWindow({ window }: { readonly window: NonNullable<Available["window"]> }) {
  return (
    <DescriptionList direction="column">
      <DescriptionListItem label="Sending window">
        {`${window.opens}–${window.closes}, ${window.timezone}`}
      </DescriptionListItem>
      <DescriptionListItem label="Now">{window.open_now ? "Open" : "Closed"}</DescriptionListItem>
    </DescriptionList>
  );
}

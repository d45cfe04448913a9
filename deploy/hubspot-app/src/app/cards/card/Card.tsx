/** The card: three tabs over one conversation. */

import { Tab, Tabs } from "@hubspot/ui-extensions";
import { useMemo, useState } from "react";

import type { Api } from "./api.ts";
import { CampaignTab } from "./CampaignTab.tsx";
import { unread } from "./conversation.ts";
import { ConversationTab } from "./ConversationTab.tsx";
import type { Place, Runtime } from "./runtime.ts";
import { StatusTab } from "./StatusTab.tsx";
import { timesAt } from "./times.ts";
import { type OnPropertiesChange, useConversation } from "./useConversation.ts";

type TabId = "conversation" | "status" | "campaign";

/** What the card needs of where it stands. */
export interface CardProps {
  readonly api: Api;
  readonly runtime: Runtime;
  readonly place: Place;
  readonly onPropertiesChange: OnPropertiesChange;
}

/** "Chert iMessage". */
export function Card({ api, runtime, place, onPropertiesChange }: CardProps) {
  const conversation = useConversation(api, runtime, onPropertiesChange);
  const times = useMemo(() => timesAt(place), [place]);
  const [tab, setTab] = useState<TabId>("conversation");
  const [text, write] = useState("");
  const contactId = conversation.state.context?.contact.id ?? null;
  const fresh = unread(conversation.state).length;
  return (
    <Tabs
      selected={tab}
      onSelectedChange={(selected: string | number) => {
        setTab(selected as TabId);
      }}
    >
      <Tab tabId="conversation" title={fresh > 0 ? `Conversation (${fresh})` : "Conversation"}>
        {tab === "conversation" && <ConversationTab conversation={conversation} times={times} draft={{ text, write }} />}
      </Tab>
      <Tab tabId="status" title="Status">
        {tab === "status" && <StatusTab state={conversation.state} times={times} onReload={conversation.reload} />}
      </Tab>
      <Tab tabId="campaign" title="Campaign">
        {tab === "campaign" && <CampaignTab api={api} contactId={contactId} runtime={runtime} times={times} />}
      </Tab>
    </Tabs>
  );
}

/** The conversation, alive: it loads, looks for news, and sends. */

import { useEffect, useMemo, useReducer } from "react";

import type { Api } from "./api.ts";
import { type Happening, NOTHING, reduce, type State } from "./conversation.ts";
import { Lifeline } from "./lifeline.ts";
import type { Runtime } from "./runtime.ts";

/** Registers what to do when properties of the record change. */
export type OnPropertiesChange = (names: string[], changed: () => void) => void;

/** What a number is taken from. */
export const PHONE_PROPERTIES = ["phone", "mobilephone"];

/** The conversation and what can be done with it. */
export interface Conversation {
  readonly state: State;
  readonly send: (text: string) => void;
  readonly retry: (clientMessageId: string) => void;
  readonly discard: (clientMessageId: string) => void;
  readonly reload: () => void;
  readonly markRead: () => void;
}

/** The conversation of the record that the card stands beside. */
export function useConversation(api: Api, runtime: Runtime, onPropertiesChange: OnPropertiesChange): Conversation {
  const [state, dispatch] = useReducer<(state: State, happening: Happening) => State>(reduce, NOTHING);
  const lifeline = useMemo(() => new Lifeline(api, runtime, dispatch), [api, runtime]);
  useEffect(() => {
    lifeline.start();
    return () => {
      lifeline.stop();
    };
  }, [lifeline]);
  useEffect(() => {
    onPropertiesChange(PHONE_PROPERTIES, () => {
      lifeline.look();
    });
  }, [lifeline, onPropertiesChange]);
  return useMemo(() => ({ state, ...lifeline.actions }), [state, lifeline]);
}

/** HubSpot's components as plain HTML: those that the card uses, with their names, roles and states. */

import { type RemoteComponentProps, useAttached } from "@remote-ui/react/host";
import {
  Children as ReactChildren,
  createContext,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";

interface Children {
  readonly children?: ReactNode;
}

type Handler = ((argument?: unknown) => void) | undefined;

function Flex({ direction = "row", gap = "flush", justify, align, wrap, children }: Children & FlexProps) {
  const wraps = wrap === true || wrap === "wrap" ? " wrap" : "";
  return (
    <div className={`flex ${direction} gap-${gap} justify-${justify ?? "start"} align-${align ?? "stretch"}${wraps}`}>
      {children}
    </div>
  );
}

interface FlexProps {
  readonly direction?: string;
  readonly gap?: string;
  readonly justify?: string;
  readonly align?: string;
  readonly wrap?: boolean | string;
}

interface TextProps extends Children {
  readonly variant?: string;
  readonly inline?: boolean;
  readonly format?: { readonly fontWeight?: string; readonly italic?: boolean };
}

function Text({ variant = "bodytext", inline = false, format = {}, children }: TextProps) {
  const Tag = inline ? "span" : "p";
  return (
    <Tag dir="auto" className={`text ${variant} ${format.fontWeight ?? ""} ${format.italic === true ? "italic" : ""}`}>
      {children}
    </Tag>
  );
}

function Tile({ compact = false, children }: Children & { readonly compact?: boolean }) {
  return <div className={compact ? "tile compact" : "tile"}>{children}</div>;
}

interface ButtonProps extends Children {
  readonly variant?: string;
  readonly size?: string;
  readonly disabled?: boolean;
  readonly onClick?: Handler;
}

function Button({ variant = "secondary", size = "md", disabled = false, onClick, children }: ButtonProps) {
  return (
    <button type="button" className={`button ${variant} size-${size}`} disabled={disabled} onClick={() => onClick?.()}>
      {children}
    </button>
  );
}

function Alert({ title, variant = "info", children }: Children & { readonly title: string; readonly variant?: string }) {
  return (
    <div className={`alert ${variant}`} role={variant === "danger" || variant === "error" ? "alert" : "status"}>
      <strong>{title}</strong>
      <div>{children}</div>
    </div>
  );
}

interface TextAreaProps {
  readonly label: string;
  readonly name: string;
  readonly value?: string;
  readonly description?: string;
  readonly rows?: number;
  readonly maxLength?: number;
  readonly readOnly?: boolean;
  readonly error?: boolean;
  readonly validationMessage?: string;
  readonly onInput?: Handler;
  readonly onChange?: Handler;
  readonly onFocus?: Handler;
  readonly onBlur?: Handler;
}

function TextArea({ label, name, value = "", description, error = false, validationMessage, ...more }: TextAreaProps) {
  const id = useId();
  const [shown, write] = useTyped(value);
  const notes = `${id}-description ${id}-validation`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <small id={`${id}-description`}>{description}</small>
      <textarea
        id={id}
        name={name}
        dir="auto"
        value={shown}
        rows={more.rows}
        maxLength={more.maxLength}
        readOnly={more.readOnly}
        aria-invalid={error || undefined}
        aria-describedby={notes}
        onFocus={() => more.onFocus?.(shown)}
        onBlur={() => {
          more.onChange?.(shown);
          more.onBlur?.(shown);
        }}
        onInput={(event) => {
          write(event.currentTarget.value);
          more.onInput?.(event.currentTarget.value);
        }}
      />
      <small id={`${id}-validation`} className={error ? "invalid" : ""}>
        {validationMessage}
      </small>
    </div>
  );
}

/**
 * What a field shows. The card answers each key with the value it was told, late: such an echo must not overwrite what
 * was typed since, while a value of the card's own must.
 */
function useTyped(value: string): readonly [string, (typed: string) => void] {
  const [shown, setShown] = useState(value);
  const told = useRef<string[]>([]);
  useEffect(() => {
    const echo = told.current.indexOf(value);
    if (echo >= 0) {
      told.current.splice(0, echo + 1);
    } else {
      told.current = [];
      setShown(value);
    }
  }, [value]);
  const write = (typed: string) => {
    told.current.push(typed);
    setShown(typed);
  };
  return [shown, write];
}

interface TabsProps extends Children {
  readonly selected?: TabId;
  readonly onSelectedChange?: Handler;
}

type TabId = string | number;

const Selected = createContext<TabId | undefined>(undefined);

function Tabs({ selected, onSelectedChange, children }: TabsProps) {
  const tabs = ReactChildren.toArray(children) as readonly ReactElement<RemoteComponentProps>[];
  return (
    <Selected.Provider value={selected}>
      <div className="tabs">
        <div role="tablist" aria-label="Views">
          {tabs.map((tab) => (
            <TabButton key={tab.key} tab={tab.props} onSelect={onSelectedChange} />
          ))}
        </div>
        {children}
      </div>
    </Selected.Provider>
  );
}

/** A tab's title is a property of the remote child, which React hands over unopened. */
function TabButton({ tab, onSelect }: { readonly tab: RemoteComponentProps; readonly onSelect: Handler }) {
  const selected = useContext(Selected);
  const attached = useAttached(tab.receiver, tab.component);
  const { tabId = "", title } = (attached?.props ?? {}) as Partial<TabProps>;
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${tabId}`}
      aria-controls={`panel-${tabId}`}
      aria-selected={tabId === selected}
      onClick={() => onSelect?.(tabId)}
    >
      {title}
    </button>
  );
}

interface TabProps extends Children {
  readonly tabId: TabId;
  readonly title?: string;
}

function Tab({ tabId, children }: TabProps) {
  const selected = useContext(Selected) === tabId;
  return (
    <div role="tabpanel" id={`panel-${tabId}`} aria-labelledby={`tab-${tabId}`} hidden={!selected}>
      {children}
    </div>
  );
}

function Divider() {
  return <hr />;
}

function StatusTag({ variant = "default", children }: Children & { readonly variant?: string }) {
  return <span className={`tag ${variant}`}>{children}</span>;
}

function Notice({ title, children }: Children & { readonly title?: string }) {
  return (
    <div className="notice">
      <h3>{title}</h3>
      {children}
    </div>
  );
}

interface SpinnerProps {
  readonly label: string;
  readonly showLabel?: boolean;
}

function LoadingSpinner({ label, showLabel = false }: SpinnerProps) {
  return (
    <p role="status" aria-busy="true" aria-label={label}>
      {showLabel ? label : ""}
    </p>
  );
}

function DescriptionList({ children }: Children) {
  return <dl>{children}</dl>;
}

function DescriptionListItem({ label, children }: Children & { readonly label: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function List({ children }: Children) {
  return <div className="list">{children}</div>;
}

interface ProgressProps {
  readonly title?: string;
  readonly value?: number;
  readonly maxValue?: number;
  readonly valueDescription?: string;
  readonly variant?: string;
}

function ProgressBar({ title, value = 0, maxValue = 100, valueDescription, variant = "success" }: ProgressProps) {
  const id = useId();
  return (
    <div className="progress">
      <label htmlFor={id}>
        {title} <span>{valueDescription}</span>
      </label>
      <progress id={id} className={variant} value={value} max={maxValue} />
    </div>
  );
}

interface LinkProps extends Children {
  readonly href: string | { readonly url: string };
}

function Link({ href, children }: LinkProps) {
  const url = typeof href === "string" ? href : href.url;
  return (
    <a href={url} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

/** By the names that a card uses. */
export const COMPONENTS = {
  Alert,
  Button,
  DescriptionList,
  DescriptionListItem,
  Divider,
  EmptyState: Notice,
  ErrorState: Notice,
  Flex,
  Link,
  List,
  LoadingSpinner,
  ProgressBar,
  StatusTag,
  Tab,
  Tabs,
  Text,
  TextArea,
  Tile,
};

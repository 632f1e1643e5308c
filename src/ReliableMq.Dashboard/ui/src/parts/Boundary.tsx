import { Component, type ReactNode } from "react";
import { Failed } from "./States";

/** A page that breaks takes nothing else with it: the navigation stays, and says what happened. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    return this.state.error ? <Failed error={this.state.error} again={() => this.setState({ error: null })} /> : this.props.children;
  }
}

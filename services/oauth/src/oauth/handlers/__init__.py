"""The use cases: install, bind, give out access tokens, notice uninstalls, show accounts."""

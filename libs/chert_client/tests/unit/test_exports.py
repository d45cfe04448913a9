import chert_client
from chert_client import errors


def test_the_exported_names_are_sorted_and_exist() -> None:
    """`__all__` is sorted as ruff sorts it (constants, classes, functions), and each name can be imported."""
    order = sorted(chert_client.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))

    assert order == list(chert_client.__all__)
    assert all(hasattr(chert_client, name) for name in chert_client.__all__)


def test_every_error_is_exported() -> None:
    """Whoever handles an error can import its class from the package."""
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and name.endswith("Error")}

    assert set() == defined - set(chert_client.__all__)

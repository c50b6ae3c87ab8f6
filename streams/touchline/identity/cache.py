"""The components in memory, by identifier. Whole components are evicted, the least recently used first."""

from collections.abc import Collection, Iterable

from touchline.identity.components import NO_SETS, Component, IdentifierSet


class Cache:
    """Components, each under all of its identifiers.

    Args:
        is_bounded: Whether components can be evicted: the store has what they hold.
    """

    def __init__(self, *, is_bounded: bool) -> None:
        self.home: dict[str, Component] = {}
        """Identifier → the component that it is in."""
        self.unstored: set[Component] = set()
        """Shared identifiers with sets that the store might not have yet."""
        self._is_bounded = is_bounded
        # Least recently used first.
        self._recency: dict[Component, None] = {}

    def components(self, identifiers: Iterable[str]) -> set[Component]:
        """The components of those of the identifiers that are cached."""
        return {self.home[one] for one in identifiers if one in self.home}

    def identifiers(self, component: Component) -> set[str]:
        """The identifiers of a component."""
        if component.shared or not component.sets:
            return {component.customer}
        home = self.home
        return {one for named in component.sets for one in named if home.get(one) is component}

    def has(self, named: IdentifierSet) -> bool:
        """Whether a set is cached; if one of its identifiers is not shared, whether it was observed."""
        for one in named:
            component = self.home.get(one)
            if component is None:
                return False
            if named in component.sets:
                return True
            if not component.shared:
                return False
        return False

    def place(self, component: Component, identifiers: Collection[str]) -> Component:
        """Put a component under its identifiers, in the place of those that they were in."""
        for one in identifiers:
            self.home[one] = component
        if self._is_bounded:
            self._recency[component] = None
        return component

    def touch(self, component: Component) -> None:
        """Note that a component is used."""
        del self._recency[component]
        self._recency[component] = None

    def drop(self, component: Component) -> None:
        """Forget a component whose identifiers are placed, or going to be, in others."""
        self._recency.pop(component, None)
        self.unstored.discard(component)

    def remove(self, identifier: str) -> None:
        """Remove an identifier that is alone in its component."""
        self.drop(self.home.pop(identifier))

    def make_room(self, most: int) -> None:
        """Evict components until no more than `most` identifiers are cached; the store has every set."""
        for component in self.unstored:
            component.sets = NO_SETS
        self.unstored.clear()
        evicted = []
        for component in self._recency:
            if len(self.home) <= most:
                break
            evicted.append(component)
            for identifier in self.identifiers(component):
                del self.home[identifier]
        for component in evicted:
            del self._recency[component]

"""Building a world in the store of the simulated services, part by part, and letting its history happen."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Iterator, Mapping

from keyless.errors import UsageError
from keyless.model.github import Repository, StoreKind
from keyless.model.github import Store as SecretStore
from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.rehearsal.github import repositories as github_repositories
from keyless.rehearsal.github import state as github
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.releases import release
from keyless.rehearsal.runner.job import Services
from keyless.rehearsal.store import Store
from keyless.rehearsal.world_facts import Account, HeldSecret, LoadedWorld, NamedToken, PersonFacts, Releasing, Told
from keyless.rehearsal.world_file import AnswerFile, PastFile, PublisherFile, SecretFile, WorldFile
from keyless.secret import Secret


def people(store: Store, world: WorldFile) -> tuple[PersonFacts, ...]:
    found = []
    for login, person in world.people.items():
        token = Secret(f"ghp_{randomness.token_hex(18)}") if person.github_token else None
        if person.permissions is not None and token is not None:
            token = Secret(f"github_pat_{randomness.token_hex(41)}")
            github.create_user(store, login, token, kind="fine-grained", permissions=person.permissions)
        else:
            github.create_user(store, login, token, scopes=person.scopes or ())
        accounts = []
        for index, account in ((Index.PYPI, person.pypi), (Index.TESTPYPI, person.testpypi)):
            if account is not None:
                password = Secret(account.password or randomness.token_urlsafe(12))
                email = f"{account.user}@example.org"
                index_state.create_account(store, index, account.user, password.reveal(), email)
                accounts.append(Account(index, account.user, password))
        found.append(PersonFacts(login, person.name or login, token, tuple(accounts)))
    return tuple(found)


def repositories(store: Store, world: WorldFile) -> None:
    for organisation, members in world.organisations.items():
        github.create_organisation(store, organisation, members=members)
    for full, repository in world.repositories.items():
        owner, _, name = full.partition("/")
        github.create_repository(
            store,
            owner,
            name,
            owner_is_organisation=owner in world.organisations,
            files=_bytes(repository.files),
            default_branch=repository.default_branch,
            private=repository.private,
            members=dict(repository.members),
        )
        for environment in repository.environments:
            github.create_environment(store, owner, name, environment)
        for branch, files in repository.branches.items():
            github.create_branch(store, owner, name, branch, _bytes(files))


def _bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


def projects(store: Store, world: WorldFile) -> None:
    for name, project in world.projects.items():
        if project.pypi:
            index_state.create_project(store, Index.PYPI, name, project.pypi, project.pypi_maintainers)
        if project.testpypi:
            index_state.create_project(store, Index.TESTPYPI, name, project.testpypi)


def tokens(store: Store, world: WorldFile) -> tuple[NamedToken, ...]:
    found = []
    for name, token in world.tokens.items():
        text = index_state.create_token(store, token.index, token.user, token.project, token.description)
        identifier = index_state.token_identifier(text)
        found.append(NamedToken(name, token.index, token.user, token.project, identifier, None if token.lost else text))
    return tuple(found)


def secrets(store: Store, world: WorldFile, tokens: Mapping[str, NamedToken]) -> tuple[HeldSecret, ...]:
    held = []
    for secret in world.secrets:
        where = _place(secret)
        if secret.token is None:
            value = secret.value or ""
        elif secret.token in tokens:
            token = tokens[secret.token]
            value = index_state.token_value(store, token.index, token.identifier).reveal()
        else:
            raise UsageError(f"The secret {secret.name} of the world '{world.name}' holds an unknown token.")
        github.set_secret(
            store,
            where.kind,
            where.owner,
            where.repository,
            where.environment,
            secret.name,
            value,
            visibility=secret.visibility,
            selected=secret.selected,
        )
        held.append(HeldSecret(where, secret.name, secret.token))
    return tuple(held)


def _place(secret: SecretFile) -> SecretStore:
    if (secret.repository is None) is (secret.organisation is None):
        raise UsageError(f"The secret {secret.name} lies in a repository or an organisation: name one of them.")
    if secret.organisation is not None:
        kind = StoreKind.ORGANISATION if secret.store == "actions" else StoreKind.ORGANISATION_DEPENDABOT
        return SecretStore(kind, secret.organisation)
    owner, _, name = str(secret.repository).partition("/")
    if secret.environment is not None:
        return SecretStore(StoreKind.ENVIRONMENT, owner, name, secret.environment)
    kinds = {"actions": StoreKind.REPOSITORY, "dependabot": StoreKind.DEPENDABOT, "codespaces": StoreKind.CODESPACES}
    return SecretStore(kinds[secret.store], owner, name)


def publisher(store: Store, told: PublisherFile) -> None:
    owner, _, name = told.repository.partition("/")
    values = Publisher(owner, name, told.workflow, told.environment)
    index_state.add_publisher(store, told.index, told.project, values)


def known(
    world: WorldFile,
    people: tuple[PersonFacts, ...],
    tokens: tuple[NamedToken, ...],
    held: tuple[HeldSecret, ...],
) -> LoadedWorld:
    def named(full: str) -> Repository:
        return Repository(*full.split("/", 1))

    unknown = [login for login in (world.operator, *(past.by for past in world.history)) if login not in world.people]
    if unknown or not {*world.migrate} <= world.repositories.keys():
        raise UsageError(f"The world '{world.name}' names people or repositories that it does not describe.")
    releasing = tuple(
        Releasing(
            named(full),
            index,
            how.event,
            how.tag,
            how.workflow,
            {name: str(value).lower() if isinstance(value, bool) else value for name, value in how.inputs.items()},
        )
        for full, repository in world.repositories.items()
        for index, how in repository.publishing.items()
    )
    return LoadedWorld(
        name=world.name,
        title=world.title,
        story=world.story,
        operator=world.operator,
        migrate=tuple(named(full) for full in world.migrate),
        repositories=tuple(named(full) for full in world.repositories),
        people=people,
        tokens=tokens,
        secrets=held,
        releasing=releasing,
        answers=tuple(_told(world)),
    )


def _told(world: WorldFile) -> Iterator[Told]:
    for question, answer in world.answers.items():
        if isinstance(answer, dict):
            yield from (Told(question, about, _words(one)) for about, one in answer.items())
        else:
            yield Told(question, None, _words(answer))


def _words(answer: AnswerFile) -> tuple[str, ...]:
    match answer:
        case bool():
            return (str(answer).lower(),)
        case str() | int():
            return (str(answer),)
        case _:
            return answer


async def happen(services: Services, known: LoadedWorld, past: PastFile) -> None:
    repository = Repository(*past.repository.split("/", 1))
    if past.files:
        document = github_repositories.repository(services.store, repository.owner, repository.name)
        branch = str(document["default_branch"])
        github.commit(
            services.store, repository.owner, repository.name, branch, _bytes(past.files), "Change", by=past.by
        )
    for told in past.publishers:
        publisher(services.store, told)
    if past.version is None:
        return
    for index in past.indexes:
        way = known.way(repository, index)
        if way is None:
            raise UsageError(f"The world does not say how {repository} releases on {index.label}.")
        await release(services, repository, way, past.version, by=past.by, project=past.project)

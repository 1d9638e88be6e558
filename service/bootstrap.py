"""Puts the service together from its settings: the parts, what they subscribe to, what runs beside the requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.engine import Engine
from trimtab.engine.live.order import OWN_ORDER
from trimtab.engine.plan.search_plan import Hooks
from trimtab.service.bundles.folder import BundleFolder
from trimtab.service.bundles.load_jobs import LoadJobs
from trimtab.service.bundles.serving import Bundles
from trimtab.service.bundles.shadow import Shadow
from trimtab.service.bundles.shared_bundles import SharedBundles
from trimtab.service.catalogue.bundle_rebuilder import LEASE, LEASE_SECONDS, BundleRebuilder
from trimtab.service.catalogue.feed_jobs import FeedJobs
from trimtab.service.catalogue.live_catalogue import LiveCatalogue, limits_of
from trimtab.service.catalogue.order_follower import OrderFollower
from trimtab.service.catalogue.shared_order import shared_order_of
from trimtab.service.experiments.ramp_controller import RampController
from trimtab.service.experiments.running import Experiments
from trimtab.service.http.accounts import Accounts
from trimtab.service.http.auth import AccessControl
from trimtab.service.http.keys import Keys
from trimtab.service.http.rates import Rates
from trimtab.service.http.sessions import Sessions
from trimtab.service.http.user_tokens import UserTokens
from trimtab.service.logs.erasures import Erasures
from trimtab.service.logs.event_compactor import EventCompactor
from trimtab.service.logs.event_intake import EventIntake
from trimtab.service.logs.event_log import EventLog
from trimtab.service.logs.impression_log import ImpressionLog
from trimtab.service.logs.questions import LogQuestions
from trimtab.service.logs.retention import LOOK_SECONDS as RETENTION_SECONDS
from trimtab.service.logs.retention import Retention
from trimtab.service.logs.shown_slates import ShownSlates
from trimtab.service.logs.user_data import UserData
from trimtab.service.observability.metrics import Metrics
from trimtab.service.observability.quality import QualityMonitor
from trimtab.service.observability.tracing import Tracing, tracing
from trimtab.service.pages.page_ingest import PageIngest
from trimtab.service.pages.page_worker import PageWorker
from trimtab.service.pages.tracked_pages import TrackedPages
from trimtab.service.redis.gateway import RedisGateway
from trimtab.service.redis.lease import Lease
from trimtab.service.redis.named_definitions import NamedDefinitions
from trimtab.service.repeating import Repeating
from trimtab.service.search.candidate_cache import CandidateCache
from trimtab.service.search.deadline_learning import DeadlineLearning
from trimtab.service.search.planner import SearchPlanner
from trimtab.service.search.profiles import Profiles
from trimtab.service.search.pseudonyms import Pseudonyms
from trimtab.service.search.recent_events import RecentEvents
from trimtab.service.search.records import Subscriber
from trimtab.service.search.rules import Rules
from trimtab.service.search.search_service import SearchService
from trimtab.service.search.suggesting import LOOK_SECONDS as SUGGESTING_SECONDS
from trimtab.service.search.suggesting import Suggestions
from trimtab.service.search.synonyms import SynonymDefinitions
from trimtab.service.search.wording import Wording
from trimtab.service.settings import Settings, variables_of
from trimtab.service.shared_folder import SharedFolder
from trimtab.service.tidying import EVERY_SECONDS as TIDYING_SECONDS
from trimtab.service.tidying import tidy
from trimtab.service.workbench.changes import Changes
from trimtab.service.workbench.drafts import Drafts, Kind
from trimtab.service.workbench.query_sets import QuerySets

Background = tuple[Callable[[], None] | None, Callable[[], None]]
"""How something that runs beside the requests is started, where it does not start by itself, and stopped."""


@dataclass(frozen=True)
class Foundations:
    """The parts that every other part may use."""

    settings: Settings
    metrics: Metrics
    redis: RedisGateway
    pseudonyms: Pseudonyms
    tokens: UserTokens


@dataclass(frozen=True)
class Serving:
    """The engines that answer, and the catalogue under them."""

    catalogue: LiveCatalogue
    feeds: FeedJobs
    shadow: Shadow
    bundles: Bundles
    loads: LoadJobs
    rebuilder: BundleRebuilder
    follower: OrderFollower | None


@dataclass(frozen=True)
class People:
    """Who may do what: keys of programs, accounts of people."""

    keys: Keys
    accounts: Accounts
    sessions: Sessions
    access: AccessControl


@dataclass(frozen=True)
class Definitions:
    """What is defined while the service runs, and who may."""

    profiles: Profiles
    rules: Rules
    synonyms: SynonymDefinitions
    experiments: Experiments
    drafts: Drafts
    changes: Changes
    query_sets: QuerySets
    people: People


@dataclass(frozen=True)
class Records:
    """What is written down of searches and events."""

    impressions: ImpressionLog
    recent_events: RecentEvents
    shown: ShownSlates
    events: EventLog
    compactor: EventCompactor
    retention: Retention
    quality: QualityMonitor
    traces: Tracing


@dataclass(frozen=True)
class PageParts:
    """The analysis of web pages."""

    worker: PageWorker
    ingest: PageIngest
    tracked: TrackedPages


@dataclass(frozen=True)
class Parts:
    """The whole service without HTTP."""

    foundations: Foundations
    serving: Serving
    definitions: Definitions
    records: Records
    pages: PageParts
    search: SearchService
    intake: EventIntake
    suggestions: Suggestions
    users: UserData
    erasures: Erasures
    questions: LogQuestions


def build_parts(settings: Settings) -> Parts:
    """Load the bundle and connect the parts; nothing runs yet.

    The order matters in one place: at each poll Redis' readers run in the order in which they were registered here.
    Bundles come before the definitions that name them, experiments before the ramps that move them.

    Raises:
        BundleDamaged, BundleMismatch: the bundle cannot serve.
    """
    foundations = _build_foundations(settings)
    serving = _build_serving(foundations)
    definitions = _build_definitions(foundations)
    records = _build_records(foundations, definitions.experiments)
    pages = _build_pages(foundations, serving.catalogue)
    settings, redis = foundations.settings, foundations.redis
    cache = CandidateCache(redis, foundations.metrics, entries=settings.cache_entries, seconds=settings.cache_seconds)
    search = _build_search(foundations, serving, definitions, records, cache)
    intake = EventIntake(records.events, records.shown, lambda: search.engine)
    users = UserData(settings.data_folder, redis, cache, lambda: serving.bundles.loaded)
    suggestions = Suggestions(
        foundations.pseudonyms, settings, serving.catalogue.folder, lambda: serving.bundles.loaded
    )
    erasures = Erasures(settings.data_folder, users)
    return Parts(
        foundations,
        serving,
        definitions,
        records,
        pages,
        search,
        intake,
        suggestions,
        users,
        erasures,
        LogQuestions(settings.data_folder),
    )


def background(parts: Parts) -> tuple[Background, ...]:
    """What runs beside the requests, in the order in which it starts; it stops in the opposite order.

    Redis starts before what speaks to it and stops after it; logs stop before Redis, and pages before the catalogue
    that they write to.
    """
    serving, records, pages = parts.serving, parts.records, parts.pages
    retention = Repeating("retention", records.retention.look, every_seconds=RETENTION_SECONDS)
    suggesting = Repeating(
        "suggestions", lambda: parts.suggestions.refresh(parts.search.engine), every_seconds=SUGGESTING_SECONDS
    )
    tidying = Repeating("tidying", tidy, every_seconds=TIDYING_SECONDS, at_once=False)
    return (
        (None, records.traces.close),
        (tidying.start, tidying.stop),
        (records.quality.start, records.quality.stop),
        (parts.foundations.redis.start, parts.foundations.redis.stop),
        *(() if serving.follower is None else ((serving.follower.start, serving.follower.stop),)),
        (serving.catalogue.start, serving.catalogue.stop),
        (serving.rebuilder.start, serving.rebuilder.stop),
        (serving.bundles.start, serving.bundles.stop),
        (records.compactor.start, records.compactor.close),
        (records.impressions.start, records.impressions.close),
        (records.events.start, records.events.close),
        (None, records.shown.stop),
        (retention.start, retention.stop),
        (parts.erasures.start, parts.erasures.stop),
        (None, parts.questions.stop),
        (suggesting.start, suggesting.stop),
        (None, parts.suggestions.stop),
        (None, pages.worker.stop),
        (pages.ingest.start, pages.ingest.stop),
        (pages.tracked.start, pages.tracked.stop),
    )


def _build_foundations(settings: Settings) -> Foundations:
    redis = RedisGateway(
        settings.redis_url,
        timeout_seconds=settings.redis_timeout_seconds,
        poll_seconds=settings.redis_poll_seconds,
    )
    return Foundations(settings, Metrics(), redis, Pseudonyms(settings.id_salt), UserTokens(settings.user_token_secret))


def _build_serving(foundations: Foundations) -> Serving:
    settings, metrics, pseudonyms = foundations.settings, foundations.metrics, foundations.pseudonyms
    order = shared_order_of(settings)
    catalogue = LiveCatalogue(
        settings.data_folder,
        metrics,
        load=lambda path: pseudonyms.engine(Engine.load(path)),
        limits=limits_of(settings),
        order=OWN_ORDER if order is None else order,
    )
    follower = None if order is None else OrderFollower(catalogue.folder, order, metrics.order)
    shadow = Shadow(settings.data_folder, metrics)
    bundles = Bundles(
        BundleFolder(settings.bundle_folder or settings.bundle.parent, settings.bundle, _shared_bundles(settings)),
        redis=foundations.redis,
        shadow=shadow,
        metrics=metrics,
        golden_queries=settings.golden_queries,
        check_seconds=settings.bundle_check_seconds,
        load=catalogue.load,
        forget=catalogue.forget,
    )
    rebuilder = BundleRebuilder(
        bundles,
        catalogue,
        metrics,
        after_items=settings.rebuild_after_items,
        after_bytes=settings.rebuild_after_bytes,
        lease=None if order is None else Lease(foundations.redis, LEASE, seconds=LEASE_SECONDS),
    )
    loads = LoadJobs(foundations.redis, bundles.load, check_seconds=settings.bundle_check_seconds)
    return Serving(catalogue, _build_feeds(settings), shadow, bundles, loads, rebuilder, follower)


def _shared_bundles(settings: Settings) -> SharedBundles | None:
    return None if settings.shared_folder_url is None else SharedBundles(SharedFolder(settings.shared_folder_url))


def _build_definitions(foundations: Foundations) -> Definitions:
    settings, redis = foundations.settings, foundations.redis
    folder = settings.data_folder
    profiles, rules, synonyms = Profiles(redis, folder), Rules(redis, folder), SynonymDefinitions(redis, folder)
    experiments = Experiments(redis, foundations.metrics, folder)
    redis.on_poll(RampController(experiments).turn)
    keys = Keys(redis, folder, workers=settings.workers)
    accounts = Accounts(redis, folder, rates=Rates(redis, workers=settings.workers))
    sessions = Sessions(redis, accounts)
    access = AccessControl(
        keys,
        sessions,
        admin_key=settings.admin_key,
        is_required=settings.keys_are_required,
        is_required_from_elsewhere=settings.require_keys is None,
        admin_port=settings.admin_port,
    )
    people = People(keys, accounts, sessions, access)
    live: Mapping[Kind, NamedDefinitions[Any]] = {
        "profiles": profiles,
        "rules": rules,
        "synonyms": synonyms,
        "experiments": experiments,
    }
    drafts = Drafts(redis, live, folder)
    query_sets = QuerySets(redis, folder)
    return Definitions(profiles, rules, synonyms, experiments, drafts, Changes(redis), query_sets, people)


def _build_records(foundations: Foundations, experiments: Experiments) -> Records:
    settings, redis, metrics = foundations.settings, foundations.redis, foundations.metrics
    recent_events, quality = RecentEvents(redis), QualityMonitor(metrics)
    return Records(
        impressions=ImpressionLog(settings, metrics.log_observer("impressions")),
        shown=ShownSlates(settings.data_folder),
        recent_events=recent_events,
        events=EventLog(
            settings,
            redis,
            metrics.log_observer("interactions"),
            followers=(recent_events.follow, experiments.totals.follow),
        ),
        compactor=EventCompactor(
            settings.data_folder,
            lambda result, n: metrics.events_compacted.labels(result).inc(n),
            every_seconds=settings.log_compact_seconds,
            follow=quality.record_purchases,
        ),
        retention=Retention(
            settings.data_folder,
            lambda log, reason: metrics.log_files_removed.labels(log, reason).inc(),
            keep_days=settings.log_keep_days,
            max_bytes=settings.log_max_bytes,
        ),
        quality=quality,
        traces=tracing(settings.traces_url, share=settings.traces_sample_ratio),
    )


def _build_feeds(settings: Settings) -> FeedJobs:
    return FeedJobs(
        settings.data_folder,
        max_bytes=settings.max_feed_bytes,
        seconds=settings.feed_seconds,
        variables=variables_of(settings),
    )


def _build_pages(foundations: Foundations, catalogue: LiveCatalogue) -> PageParts:
    settings, metrics = foundations.settings, foundations.metrics
    worker = PageWorker(seconds=settings.page_seconds)
    ingest = PageIngest(settings, worker, catalogue, metrics, metrics.log_observer("pages"))
    return PageParts(worker, ingest, TrackedPages(settings, foundations.redis, worker, metrics.log_observer("tracked")))


def _build_search(
    foundations: Foundations, serving: Serving, definitions: Definitions, records: Records, cache: CandidateCache
) -> SearchService:
    settings, redis = foundations.settings, foundations.redis
    planner = SearchPlanner(
        serving.bundles,
        serving.catalogue,
        profiles=definitions.profiles,
        wording=lambda: Wording(definitions.rules.book, definitions.synonyms.book),
        experiments=definitions.experiments,
        pseudonyms=foundations.pseudonyms,
        settings=settings,
    )
    return SearchService(
        planner,
        Hooks(candidates=cache, recent_events=records.recent_events.of),
        redis,
        log=records.impressions.on_search,
        subscribers=_subscribers(foundations, serving, definitions, records),
        on_failure=definitions.experiments.on_failure,
    )


def _subscribers(
    foundations: Foundations, serving: Serving, definitions: Definitions, records: Records
) -> tuple[Subscriber, ...]:
    """The subscribers to answered searches, after the impression log. Those that time the whole answer come last."""
    return (
        records.shown.on_search,
        serving.shadow.on_search,
        foundations.metrics.on_search,
        records.quality.on_search,
        definitions.experiments.on_search,
        DeadlineLearning(foundations.metrics).on_search,
        records.traces.on_search,
    )

"""How a doorway is knocked at: what happens where the queue's Redis is away."""

from collections.abc import Callable

from celery import Task
from kombu.exceptions import OperationalError


class QueueUnreachableError(RuntimeError):
    """The broker did not answer; the message says what happens next."""


def send_wanted(task: Task, row_id: int, what: str, name_fault: Callable[[str], object]) -> None:
    """Send what somebody asked for; where the queue is away, the row says so, so that nobody waits for it."""
    try:
        task.delay_on_commit(row_id)
    except OperationalError as error:
        message = f"The queue's Redis cannot be reached. Start it, then ask for {what} again."
        name_fault(message)
        raise QueueUnreachableError(message) from error


def count_messages(queue: str) -> int:
    """Messages that wait in a queue of the broker."""
    from studyapp.celery import app

    with app.connection_for_read() as connection, connection.channel() as channel:
        return channel.queue_declare(queue=queue, passive=False, durable=True).message_count

using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Tests.Servers;

public sealed class RedisConnectionTests(SharedServers servers)
{
    [Fact]
    public async Task A_connection_that_is_up_but_does_not_answer_is_replaced_and_listens_on()
    {
        await using var connection = new RedisConnection($"127.0.0.1:{await servers.PortOfAsync(RedisKind.Redis)}", NullLogger<RedisConnection>.Instance);
        string channel = SharedServers.NewPrefix();
        int heard = 0;
        int restored = 0;
        connection.Restored += () => Interlocked.Increment(ref restored);
        connection.Listen(channel, _ => Interlocked.Increment(ref heard));
        await Eventually.UntilAsync(() => PublishAsync(connection, channel), "it listens");

        // Commands without an answer: what a library whose state is broken looks like.
        Task<int>[] stuck = [.. Enumerable.Range(0, 5).Select(_ => connection.RunAsync(_ => new TaskCompletionSource<int>().Task, default))];
        foreach (Task<int> command in stuck) { await Assert.ThrowsAsync<SharedStateException>(() => command); }

        await Eventually.UntilAsync(() => Volatile.Read(ref restored) == 2, "another connection was opened");
        int before = Volatile.Read(ref heard);
        await Eventually.UntilAsync(() => PublishAsync(connection, channel), "it listens again");
        await Eventually.UntilAsync(() => Volatile.Read(ref heard) > before, "a message was heard");
    }

    /// <summary>Publishes a message; says whether anybody was there to hear it.</summary>
    private static async Task<bool> PublishAsync(RedisConnection connection, string channel)
    {
        try { return await connection.RunAsync(database => database.PublishAsync(channel, "message"), default) > 0; }
        catch (SharedStateException) { return false; }
    }
}

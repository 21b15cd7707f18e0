using System.Text;
using Mirror.Streams.Documents;

namespace Mirror.Streams.Tests.Documents;

/// <summary>What every adapter of the documents keeps: the same cases for each.</summary>
public abstract class DocumentsContract
{
    private protected abstract IDocuments Documents { get; }

    [Fact]
    public async Task A_document_is_read_as_it_was_written()
    {
        Assert.Null(await GetAsync("hooks/a"));
        string? tag = await PutAsync("hooks/a", "one");
        Document read = (await Documents.GetAsync("hooks/a", default))!;
        Assert.Equal(("hooks/a", tag, "one"), (read.Name, read.ETag, Encoding.UTF8.GetString(read.Content.Span)));
        Assert.NotEqual(tag, await PutAsync("hooks/a", "two"));
        Assert.Equal("two", await GetAsync("hooks/a"));
        await PutAsync("hooks/a", "");
        Assert.Equal("", await GetAsync("hooks/a"));
    }

    [Fact]
    public async Task Who_knows_an_older_content_does_not_overwrite_a_newer()
    {
        string first = (await PutAsync("hooks/a", "one", Document.None))!;
        Assert.Null(await PutAsync("hooks/a", "again", Document.None));
        string second = (await PutAsync("hooks/a", "two", first))!;
        Assert.Null(await PutAsync("hooks/a", "three", first));
        Assert.Equal("two", await GetAsync("hooks/a"));
        Assert.True(await Documents.DeleteAsync("hooks/a", default));
        Assert.Null(await PutAsync("hooks/a", "four", second));
        Assert.Null(await GetAsync("hooks/a"));
    }

    [Fact]
    public async Task Of_many_writers_at_once_each_round_has_one_winner()
    {
        string? tag = Document.None;
        for (int round = 0; round < 5; round++)
        {
            string?[] tags = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () => await PutAsync("hooks/a", $"{round}-{writer}", tag))));
            tag = Assert.Single(tags, written => written is not null);
        }
    }

    [Fact]
    public async Task The_list_has_what_starts_with_the_prefix_by_name()
    {
        foreach (string name in new[] { "hooks/b", "hooks/a", "other/a", "hooks/c/d", "hooks2" }) { await PutAsync(name, name); }
        Assert.Equal(["hooks/a", "hooks/b", "hooks/c/d"], (await Documents.ListAsync("hooks/", default)).Select(document => document.Name));
        Assert.Equal(5, (await Documents.ListAsync("", default)).Count);
        Assert.Empty(await Documents.ListAsync("nothing/", default));
        Assert.Equal(["hooks/a", "hooks/b", "hooks/c/d"], await Documents.ListNamesAsync("hooks/", default));
        Assert.Equal(["hooks/c/d"], await Documents.ListNamesAsync("hooks/c", default));
        Assert.Equal(5, (await Documents.ListNamesAsync("", default)).Count);
        Assert.Empty(await Documents.ListNamesAsync("nothing/", default));
        Assert.All(await Documents.ListAsync("", default), document => Assert.Equal(document.Name, Encoding.UTF8.GetString(document.Content.Span)));
    }

    [Fact]
    public async Task A_removed_document_is_gone()
    {
        await PutAsync("hooks/a", "one");
        Assert.True(await Documents.DeleteAsync("hooks/a", default));
        Assert.False(await Documents.DeleteAsync("hooks/a", default));
        Assert.Null(await GetAsync("hooks/a"));
        Assert.Empty(await Documents.ListAsync("", default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData(".hidden")]
    [InlineData("a b")]
    [InlineData("a/b/c/d/e/f/g/h/i")]
    public async Task A_name_that_breaks_the_rule_is_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await GetAsync(name));
        await Assert.ThrowsAsync<ArgumentException>(async () => await PutAsync(name, "x"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Documents.DeleteAsync(name, default));
    }

    private protected ValueTask<string?> PutAsync(string name, string text, string? ifMatch = null) => Documents.PutAsync(name, Encoding.UTF8.GetBytes(text), ifMatch, default);

    private protected async Task<string?> GetAsync(string name) => await Documents.GetAsync(name, default) is { } read ? Encoding.UTF8.GetString(read.Content.Span) : null;
}

package RT::Action::CareloopWebhook;

# Scrip action: tells Careloop that a ticket has changed, by ids alone, signed.
# Installed by install.pl; the settings are described in README.md.

use strict;
use warnings;
use base 'RT::Action';

our $VERSION = '1.0.0';

my %EVENT = (
    Correspond => 'ticket.correspond',
    Comment    => 'ticket.comment',
    Status     => 'ticket.status',
);

sub Describe {
    my $self = shift;
    return ref($self) . ' tells Careloop about replies, comments and changes of status.';
}

# Every change counts here, not only those in %EVENT: RT runs this stage once for a ticket object, so that a request
# which first gives the ticket to somebody and then resolves it would otherwise be heard of too early.
sub Prepare {
    my $self = shift;
    return 0 unless RT->Config->Get('CareloopHookURL');
    return $self->TransactionObj && $self->TransactionObj->Id ? 1 : 0;
}

# RT's web pages run this stage inside the database transaction. A call from here would overtake the commit, and the
# receiver would look at a ticket without the reply. So the call is tied to the life of the ticket object, which ends
# with the agent's request, after the commit.
sub Commit {
    my $self  = shift;
    my $first = $self->TransactionObj->Id;
    for my $txn ( @{ $self->TicketObj->TransactionBatch || [] } ) {
        $first = $txn->Id if $txn->Id && $txn->Id < $first;
    }
    $self->TicketObj->{_CareloopNotice} = RT::Action::CareloopWebhook::Notice->new(
        ticket => $self->TicketObj->Id,
        first  => $first,
        event  => \%EVENT,
    );
    return 1;
}

package RT::Action::CareloopWebhook::Notice;

use strict;
use warnings;
use Digest::SHA ();
use JSON        ();
use LWP::UserAgent ();

# Per web server process: no calls before this time (unix seconds), because the last one failed.
my $paused_until = 0;

sub new {
    my ( $class, %args ) = @_;
    return bless {%args}, $class;
}

# Never dies and never changes the error variables of the request that it ends with.
sub DESTROY {
    my $self = shift;
    return if ${^GLOBAL_PHASE} eq 'DESTRUCT';
    local ( $@, $!, $?, $^E );
    local $SIG{__DIE__} = 'DEFAULT';
    eval { $self->_send; 1 } or RT->Logger->error("CareloopWebhook: $@");
    return;
}

sub _send {
    my $self = shift;
    return if time < $paused_until;
    my @due = $self->_due or return;
    my $url = $self->_url or return;
    defined( my $secret = $self->_secret ) or return;
    my $case  = $self->_case;
    my $agent = LWP::UserAgent->new(
        timeout      => RT->Config->Get('CareloopHookTimeout') || 3,
        max_redirect => 0,
        max_size     => 4096,
        env_proxy    => 1,
        agent        => "CareloopWebhook/$RT::Action::CareloopWebhook::VERSION",
    );
    for my $txn (@due) {
        next if $self->_post( $agent, $url, $secret, $txn, $case );
        $paused_until = time + ( RT->Config->Get('CareloopHookPause') // 30 );
        last;    # what is not told now is found by Careloop's next look at the ticket list
    }
    return;
}

# This request's replies, comments and changes of status, oldest first, without the bridge's own.
sub _due {
    my $self   = shift;
    my %bridge = map { $_ => 1 } $self->_bridge_users;
    my $txns   = RT::Transactions->new( RT->SystemUser );
    $txns->Limit( FIELD => 'ObjectType', VALUE => 'RT::Ticket' );
    $txns->Limit( FIELD => 'ObjectId',   VALUE => $self->{ticket} );
    $txns->Limit( FIELD => 'id', OPERATOR => '>=', VALUE => $self->{first} );
    $txns->Limit( FIELD => 'Type', OPERATOR => 'IN', VALUE => [ sort keys %{ $self->{event} } ] );
    $txns->OrderBy( FIELD => 'id', ORDER => 'ASC' );
    my @due;
    while ( my $txn = $txns->Next ) {
        push @due, $txn unless $bridge{ lc $txn->CreatorObj->Name };
    }
    return @due;
}

sub _bridge_users {
    my $names = RT->Config->Get('CareloopBridgeUser') // 'careloop';
    return map { lc } ref $names ? @$names : $names;
}

# The ids are no secret, but a listener could repeat them: plain http is for this machine alone.
sub _url {
    my $url = RT->Config->Get('CareloopHookURL') or return;
    return $url if $url =~ m{^https://}i || $url =~ m{^http://(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(?:/|$)}i;
    RT->Logger->error('CareloopWebhook: CareloopHookURL must begin with https://');
    return;
}

# Read each time, so that a rotated secret counts at once and is never in RT's configuration pages.
sub _secret {
    my $file = RT->Config->Get('CareloopHookSecretFile');
    my $secret;
    if ( defined $file && open my $in, '<:raw', $file ) {
        local $/;
        $secret = <$in>;
        close $in;
    }
    $secret =~ s/\s+\z// if defined $secret;
    return $secret if defined $secret && length $secret;
    RT->Logger->error('CareloopWebhook: no secret in CareloopHookSecretFile');
    return;
}

sub _case {
    my $self   = shift;
    my $ticket = RT::Ticket->new( RT->SystemUser );
    $ticket->Load( $self->{ticket} );
    return $ticket->FirstCustomFieldValue('CareloopCase') // '';
}

sub _post {
    my ( $self, $agent, $url, $secret, $txn, $case ) = @_;
    my $body = JSON->new->utf8->canonical->encode( {
        event       => $self->{event}{ $txn->Type },
        ticket      => 0 + $self->{ticket},
        transaction => 0 + $txn->Id,
        case        => "$case",
    } );
    my $time     = time;
    my $response = $agent->post(
        $url,
        'Content-Type'   => 'application/json',
        'X-RT-Timestamp' => $time,
        'X-RT-Signature' => 'sha256=' . Digest::SHA::hmac_sha256_hex( "$time.$body", $secret ),
        Content          => $body,
    );
    return 1 if $response->is_success;
    RT->Logger->error( 'CareloopWebhook: transaction ' . $txn->Id . ': ' . $response->status_line );
    return 0;
}

1;

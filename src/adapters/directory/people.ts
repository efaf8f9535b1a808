import type { FoundPerson, People, PeopleSource } from '../../model/tokens.ts';

/** The users of one tenant. */
export interface TenantPeople {
  /** Never throws. */
  find(email: string): Promise<FoundPerson>;
  /** Never throws. */
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

/** The users that stand in the directory itself. */
export function filePeople(people: Extract<PeopleSource, { in: 'file' }>['people']): TenantPeople {
  return {
    async find(email) {
      const person = people.get(email);
      return person === undefined ? { found: 'nobody' } : { found: 'person', person };
    },
    ready: async () => true,
    close: async () => {},
  };
}

/** Each tenant's users from where that tenant has them. A tenant's store is never asked for another tenant's user. */
export function peopleOf(tenants: ReadonlyMap<string, TenantPeople>): People {
  return {
    find: async (tenant, email) => tenants.get(tenant)?.find(email) ?? { found: 'nobody' },
    async ready() {
      const are = await Promise.all(Array.from(tenants.values(), (people) => people.ready()));
      return are.length === 0 || are.includes(true);
    },
  };
}
